"""What a skeleton sequence may come in, and how it is read."""

from .options import InputOptions
from .sequence import SkeletonSequence, Source
from .sources import find_sources

__all__ = ['InputOptions', 'SkeletonSequence', 'Source', 'find_sources']
