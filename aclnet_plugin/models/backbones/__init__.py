"""Backbones that return features and a relation vector."""

from .acl_gcn import ACLGCN

__all__ = ['ACLGCN']
