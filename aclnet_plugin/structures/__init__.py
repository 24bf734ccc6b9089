"""Structures shared by models, transforms and tools."""

from .skeletons import SkeletonLayout, get_layout

__all__ = ['SkeletonLayout', 'get_layout']
