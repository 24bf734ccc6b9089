"""Collectives of the training step, and pickles read safely."""
