"""Helpers without a better home."""
