"""Annotations in a folder that is mapped into memory instead of read.

A pickle is read as a whole before the first sequence can be used, by each
process for itself. A store is opened without reading: the system fetches
the pages of the sequences that are asked for, once for all processes.
"""

from .annotations import write_annotations, write_store
from .format import SUFFIX, is_store
from .reader import SkeletonStore
from .verify import verify_store
from .writer import StoreWriter

__all__ = [
    'SUFFIX',
    'SkeletonStore',
    'StoreWriter',
    'is_store',
    'verify_store',
    'write_annotations',
    'write_store',
]
