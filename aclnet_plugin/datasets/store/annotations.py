"""Whole annotation files, written as a store or as what their name says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from ...utils.safe_pickle import atomic_dump
from ..annotation_file import take_annotations
from .format import SUFFIX
from .writer import StoreWriter, without_samples

PICKLE = '.pkl'

Track = Callable[[Iterable, str, int], Iterable]
"""Wraps an iterable with a description and a length, to show progress."""


def write_store(
    content: Any,
    folder: str | os.PathLike[str],
    overwrite: bool = False,
    dtype: str | None = None,
    track: Track | None = None,
    origin: str | None = None,
) -> None:
    """Write an annotation file as a store.

    Args:
        content: What the file holds: a dict with ``annotations``, ``split``,
            ``classes`` and whatever else, or just the list of samples.
        folder: The store; its name ends with ``.store``.
        overwrite: Whether a store that is there is replaced. Defaults to
            False.
        dtype: See :class:`StoreWriter`.
        track: Called with the samples, a description and their number;
            returns the samples, for instance with a progress bar.
        origin: Name of the file, for messages. Defaults to the folder.

    Raises:
        ValueError: Names what is wrong with the content.
        FileExistsError: If something is there already.
        OSError: If it cannot be written.
    """
    with StoreWriter(folder, overwrite, dtype, origin) as writer:
        samples = take_annotations(content, writer.origin)
        if track is not None:
            samples = track(samples, 'writing', len(samples))
        for sample in samples:
            writer.add(sample)
        writer.finish_as(without_samples(content))


def write_annotations(
    content: Any,
    path: str | os.PathLike[str],
    overwrite: bool = False,
    track: Track | None = None,
) -> None:
    """Write annotations as a pickle or as a store, complete or not at all.

    Args:
        content: A dict with ``annotations``, ``split``, ``classes`` and
            whatever else, or just the list of samples.
        path: Target, ending with ``.pkl`` or ``.store``. Folders are created
            as needed.
        overwrite: Whether what is there is replaced. Defaults to False.
        track: Shows the progress of a store, see
            :func:`~aclnet_plugin.datasets.store.write_store`.

    Raises:
        ValueError: If the path ends with neither, or the content of a store
            is wrong.
        FileExistsError: If something is there already.
        OSError: If it cannot be written.
    """
    check_annotation_path(path)
    if os.fspath(path).endswith(SUFFIX):
        write_store(content, path, overwrite, track=track)
        return
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(f'{path} exists; use overwrite to replace it.')
    atomic_dump(content, path)


def check_annotation_path(path: str | os.PathLike[str]) -> None:
    """Refuse a target whose name does not tell its format.

    A converter calls it before it starts to work.

    Args:
        path: The target.

    Raises:
        ValueError: Unless it ends with ``.pkl`` or ``.store``.
    """
    if not os.fspath(path).endswith((PICKLE, SUFFIX)):
        raise ValueError(
            f'{os.fspath(path)}: the name has to end with {PICKLE} (one file '
            f'that is read as a whole) or {SUFFIX} (a folder that is mapped).'
        )
