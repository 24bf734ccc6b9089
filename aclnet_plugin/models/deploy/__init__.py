"""The backbone for evaluation alone, with fewer and larger operations."""

from .reparameterize import reparameterize

__all__ = ['reparameterize']
