"""From whatever a user gives to sequences that can be read one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ....datasets.converters.arrays.convert import find_sequences
from ....datasets.store.format import INDEX, SUFFIX
from ....utils.shown import shown
from ..errors import OF_ONE_INPUT, InferenceError
from . import keypoint_files, video
from .annotations import annotation_sources, store_sources
from .arrays import from_annotation, from_array
from .openpose import openpose_files, read_openpose
from .options import InputOptions
from .sequence import Source, failing

_PICKLES = ('.pkl', '.pickle')
_LABELS = tuple(f'labels{s}' for s in ('.csv', '.tsv', '.txt', '.json'))


def find_sources(inputs: Any, options: InputOptions) -> list[Source]:
    """What is to be read, one entry for each sequence.

    Args:
        inputs: An array, an annotation (dict), the path of a file or folder,
            or a list of these.
        options: See :class:`InputOptions`.

    Returns:
        At least one source; what cannot be used fails when it is read, so
        that it does not take the others with it.

    Raises:
        InferenceError: If the list is empty.
    """
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    if not inputs:
        raise InferenceError('there is no input; give at least one.')
    sources: list[Source] = []
    for index, one in enumerate(inputs):
        name = _name(one, index)
        try:
            sources += _sources_of(one, index, name, options)
        except OF_ONE_INPUT as error:
            sources.append(failing(name, error))
    return sources


def _name(one: Any, index: int) -> str:
    if isinstance(one, (str, os.PathLike)):
        return os.fspath(one)
    return f'input {index}'


def _sources_of(
    one: Any, index: int, name: str, options: InputOptions
) -> Iterable[Source]:
    if isinstance(one, (np.ndarray, torch.Tensor)):
        return [Source(name, partial(from_array, one, name, options))]
    if isinstance(one, Mapping):
        sample = {'frame_dir': name} | dict(one)
        load = partial(from_annotation, sample, 'the inputs', index, options)
        return [Source(name, load)]
    if isinstance(one, (str, os.PathLike)):
        return _sources_at(os.fspath(one), options)
    raise InferenceError(
        f'{name} is {shown(one)}; an input is an array, an annotation (dict) '
        'or the path of a file or folder.'
    )


def _sources_at(path: str, options: InputOptions) -> list[Source]:
    place = Path(path)
    if place.is_dir():
        if _is_store(place):
            return store_sources(path, options)
        return _sources_in(place, options)
    suffix = place.suffix.lower()
    if not place.is_file():
        raise InferenceError(
            f'there is no file or folder {path!r} (looked in {os.getcwd()!r}).'
        )
    if suffix in _PICKLES:
        return annotation_sources(path, options)
    name = place.stem
    if suffix in keypoint_files.SUFFIXES:
        read = keypoint_files.read_keypoint_file
        return [Source(path, partial(read, place, name, options))]
    if suffix in video.SUFFIXES:
        return [Source(path, partial(video.read_video, place, name, options))]
    known = (*_PICKLES, *keypoint_files.SUFFIXES, *video.SUFFIXES)
    raise InferenceError(
        f'{path} ends in {suffix or "nothing"!r}, which is not known; known '
        f'are {" ".join(known)}, and folders: a store, or files of these.'
    )


def _is_store(folder: Path) -> bool:
    """Whether a folder is a store, or means to be one."""
    return folder.name.endswith(SUFFIX) or (folder / INDEX).is_file()


def _sources_in(folder: Path, options: InputOptions) -> list[Source]:
    """A folder of videos, of OpenPose's files or of key point files."""
    videos = sorted(
        path
        for path in folder.rglob('*')
        if path.suffix.lower() in video.SUFFIXES and path.is_file()
    )
    if videos:
        return [
            Source(str(p), partial(video.read_video, p, p.stem, options))
            for p in videos
        ]
    folders = [folder, *sorted(p for p in folder.rglob('*') if p.is_dir())]
    posed = [(p, files) for p in folders if (files := openpose_files(p))]
    if posed:
        return [
            Source(str(p), partial(read_openpose, files, p.name, options))
            for p, files in posed
        ]
    found, _ = find_sequences(folder, [folder / name for name in _LABELS])
    read = keypoint_files.read_keypoint_file
    return [
        Source(str(path), partial(read, path, name, options))
        for name, path in found.items()
    ]
