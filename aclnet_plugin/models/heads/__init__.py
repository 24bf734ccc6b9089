"""Heads registered into MMAction2's registry."""

from .acl_head import ACLHead
from .embedding import EMBEDDINGS, embed

__all__ = ['EMBEDDINGS', 'ACLHead', 'embed']
