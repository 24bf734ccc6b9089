"""Walks of CASIA-B: three kinds of files, splits, counts and windows."""
