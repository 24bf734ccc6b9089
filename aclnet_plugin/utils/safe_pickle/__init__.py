"""Annotation pickles: read without running them, written in one piece.

A pickle is a program: it may import anything and call it. Annotation files
are downloaded and passed around, and all they need are numbers, strings,
containers and arrays. Everything else is refused.

Python's own unpickler with a table of allowed names is not enough: a damaged
length or memo index makes it reserve all memory, nested keys make it hash
for ever, and NumPy's arrays believe what a file says of their dtype. The
machine here (:mod:`.machine`) interprets the same instructions, compares
each length with the file and builds values with checked functions only.
"""

from .files import atomic_dump, safe_load

__all__ = ['atomic_dump', 'safe_load']
