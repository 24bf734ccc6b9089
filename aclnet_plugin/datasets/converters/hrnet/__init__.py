"""Skeletons found by HRNet: Kinetics-400 and FineGYM."""
