"""Heads registered into MMAction2's registry."""

from .acl_head import ACLHead

__all__ = ['ACLHead']
