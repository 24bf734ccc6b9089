"""Embeddings of several streams as those of the same samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from ...utils.shown import shown, shown_some
from ..retrieval import Items, concatenate_streams
from .embeddings import MADE_WITH, Embeddings, EmbeddingsError


def join_streams(files: Sequence[Embeddings], keys: Collection[str]) -> Items:
    """Fuse streams: unit vectors side by side, joined by name.

    Args:
        files: At least one; of one alone the embeddings stay as they are.
        keys: Names of the metadata that are needed.

    Returns:
        What can be scored, in the order of the first file.

    Raises:
        EmbeddingsError: If they hold other samples, contradict each other,
            lack a metadata, one comes twice, or some were augmented.
    """
    _check_different(files)
    _check_augmentation(files)
    for file in files:
        _check_keys(file, keys)
    first, *others = files
    joined = [first, *(_in_order_of(first, other) for other in others)]
    for other in joined[1:]:
        for key in sorted(keys):
            _check_same(first, other, key)
    features = first.features
    if others:
        features = concatenate_streams([file.features for file in joined])
    meta = {key: first.meta[key] for key in keys}
    return Items(features, meta, names=first.names)


def _check_different(files: Sequence[Embeddings]) -> None:
    seen: dict[tuple, Embeddings] = {}
    for file in files:
        made_with = tuple(file.about.get(key) for key in MADE_WITH)
        twin = seen.setdefault(made_with, file)
        known = file.about.get('checkpoint_sha256') is not None
        if known and twin is not file:
            raise EmbeddingsError(
                f'{twin.path} and {file.path} are from the same checkpoint '
                f'({shown(file.about.get("checkpoint"))}), so that one '
                f'stream would count twice. Give each stream once.'
            )


def _check_augmentation(files: Sequence[Embeddings]) -> None:
    """All streams with test-time augmentation, or none."""
    first = files[0]
    for other in files[1:]:
        pair = [first.about.get('tta'), other.about.get('tta')]
        if None not in pair and pair[0] != pair[1]:
            with_it, without = (first, other) if pair[0] else (other, first)
            raise EmbeddingsError(
                f'{with_it.path} was extracted with --tta, {without.path} '
                f'without. Extract all streams alike.'
            )


def _check_keys(file: Embeddings, keys: Collection[str]) -> None:
    lacking = sorted(set(keys) - set(file.meta))
    if lacking:
        raise EmbeddingsError(
            f'{file.path} has no {", ".join(lacking)}, by which samples are '
            f'compared; it has {", ".join(sorted(file.meta)) or "none"}. The '
            f'annotation file has to tell them when embeddings are extracted.'
        )
    names, counts = np.unique(file.names, return_counts=True)
    if len(names) < len(file):
        raise EmbeddingsError(
            f'{file.path} has more than one sample called '
            f'{shown(str(names[counts.argmax()]))}; names have to differ to '
            f'tell which samples are the same.'
        )


def _in_order_of(first: Embeddings, other: Embeddings) -> Embeddings:
    """The samples of one file in the order of another."""
    for one, two in ((first, other), (other, first)):
        lacking = one.names[~np.isin(one.names, two.names)].tolist()
        if lacking:
            raise EmbeddingsError(
                f'{len(lacking)} of {len(one)} samples of {one.path} are not '
                f'in {two.path}: {shown_some(lacking)}. Extract all streams '
                f'from the same split, with the same rules.'
            )
    order = np.empty(len(first), np.int64)
    order[first.names.argsort()] = other.names.argsort()
    return replace(
        other,
        features=other.features[order],
        names=other.names[order],
        labels=other.labels[order],
        meta={key: column[order] for key, column in other.meta.items()},
    )


def _check_same(first: Embeddings, other: Embeddings, key: str) -> None:
    wrong = np.flatnonzero(first.meta[key] != other.meta[key])
    if len(wrong):
        place = wrong[0]
        raise EmbeddingsError(
            f'{key} of {len(wrong)} samples differs between {first.path} and '
            f'{other.path}: {shown(str(first.names[place]))} has '
            f'{first.meta[key][place]} in the one and '
            f'{other.meta[key][place]} in the other. Extract all streams '
            f'from the same annotation file.'
        )
