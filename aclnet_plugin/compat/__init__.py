"""Remedies for defects of the installed host libraries."""

from .host import ACLDistributedDataParallel, apply

__all__ = ['ACLDistributedDataParallel', 'apply']
