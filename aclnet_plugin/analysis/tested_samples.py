"""Some of the samples of a test, by the split that names them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

import numpy as np

from ..datasets.annotation_file import take_annotations
from ..datasets.naming import sample_name
from ..datasets.splits import take_split
from ..evaluation import Predictions
from ..utils.safe_pickle import safe_load
from .errors import AnalysisError


def annotated_samples(
    ann_file: str | os.PathLike[str], split: str
) -> list[tuple[str, Mapping]]:
    """Names and annotations of a split, in the order of a test.

    Args:
        ann_file: Annotation pickle.
        split: Name of a split in it.

    Raises:
        ValueError: If there is no such split.
    """
    path = os.fspath(ann_file)
    content = safe_load(path)
    samples = take_annotations(content, path)
    places = take_split(content, samples, split, path).places
    found = [samples[place] for place in places]
    return [(str(sample_name(sample)), sample) for sample in found]


def samples_of(ann_file: str | os.PathLike[str], split: str) -> frozenset[str]:
    """Names of the samples of a split.

    Args:
        ann_file: Annotation pickle.
        split: Name of a split in it.

    Raises:
        ValueError: If there is no such split.
    """
    return frozenset(name for name, _ in annotated_samples(ann_file, split))


def only(file: Predictions, samples: Collection[str] | None) -> Predictions:
    """Predictions of some samples.

    Args:
        file: Predictions of a test.
        samples: Names; None for all.

    Raises:
        AnalysisError: If the file has no names, or lacks one.
    """
    if samples is None:
        return file
    if file.names is None:
        raise AnalysisError(
            f'{file.path} has no names of samples; test with '
            f"meta_keys=('frame_dir',) in PackActionInputs"
        )
    missing = set(samples) - set(file.names)
    if missing:
        raise AnalysisError(
            f'{file.path} lacks {len(missing)} of {len(samples)} samples of '
            f'the split, such as {min(missing)!r}'
        )
    return file.take(np.array([name in samples for name in file.names]))
