"""Sequences of key point files: ``.npy``, ``.npz``, ``.json`` and tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ....datasets.converters.arrays.convert import READERS
from ....datasets.converters.arrays.pose import ArrayOptions, make_sample
from .arrays import finished
from .joints import reorder
from .openpose import is_openpose_frame, read_openpose
from .options import InputOptions
from .sequence import SkeletonSequence

SUFFIXES = tuple(READERS)


def read_keypoint_file(
    path: Path, name: str, options: InputOptions
) -> SkeletonSequence:
    """Read one sequence, in the forms of ``tools/data/arrays.py``.

    Joints with the names of the layout are brought into its order. A
    ``.json`` file of OpenPose is a sequence of one frame.

    Args:
        path: The file.
        name: What the sequence is called.
        options: See :class:`InputOptions`.

    Raises:
        ValueError: Names the file, the place, the fault and what to do.
    """
    if path.suffix.lower() == '.json' and is_openpose_frame(path):
        return read_openpose([path], name, options)
    raw = READERS[path.suffix.lower()](path, options.for_files())
    read = make_sample(path, raw, _any_joints(options))
    kept = ('keypoint', 'keypoint_score')
    sample = {key: read[key] for key in kept if key in read}
    if options.layout is not None:
        for key, array in sample.items():
            sample[key] = reorder(array, read['names'], options.layout, 2)
    return finished(sample, str(name), options)


def _any_joints(options: InputOptions) -> ArrayOptions:
    """Without the number of joints, which is checked with the layout."""
    return replace(options.for_files(), joints=None)
