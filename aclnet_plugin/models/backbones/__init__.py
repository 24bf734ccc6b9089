"""Backbones, some of which return a relation vector beside features."""

from .acl_gcn import ACLGCN
from .ctrgcn import CTRGCNet
from .msg3d import MSG3DNet

__all__ = ['ACLGCN', 'CTRGCNet', 'MSG3DNet']
