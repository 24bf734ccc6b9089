"""Skeletons in files of their own, one pickle for each video."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping
from typing import Any

from ..utils.safe_pickle import safe_load
from ..utils.shown import shown
from .naming import NAME_KEYS, sample_name


def skeleton_path(
    folder: str, sample: Mapping[str, Any], where: str, origin: str
) -> str:
    """The file of a sample.

    Args:
        folder: Where the files are.
        sample: Its annotation.
        where: What it is called in messages.
        origin: The annotation file, for messages.

    Raises:
        ValueError: If the sample has no name.
    """
    if not any(key in sample for key in NAME_KEYS):
        raise ValueError(
            f'{origin}: {where} has no frame_dir, which would name the file '
            'of its skeletons. Add it.'
        )
    return osp.join(folder, f'{sample_name(sample)}.pkl')


def read_skeletons(path: str, where: str, origin: str) -> dict[str, Any]:
    """Read the file of a sample; its values are not checked.

    Args:
        path: The file.
        where: What the sample is called in messages.
        origin: The annotation file, for messages.

    Returns:
        ``keypoint``, ``frame_inds`` and whatever else it holds.

    Raises:
        FileNotFoundError: If there is no such file.
        pickle.UnpicklingError: If it is not a pickle of plain data.
        ValueError: If it holds no dict with strings as keys.
    """
    try:
        content = safe_load(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{error} It should hold the skeletons of {where} of {origin}; '
            'correct data_prefix, or make the file.'
        ) from None
    keys = content if isinstance(content, Mapping) else [None]
    if not all(type(key) is str for key in keys):
        raise ValueError(
            f'{path}: {where} of {origin} has {shown(content)} there; '
            'expected a dict with keypoint and frame_inds.'
        )
    return dict(content)
