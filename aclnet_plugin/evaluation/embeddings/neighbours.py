"""Which sequences look like this one: neighbours by cosine."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...utils.shown import shown
from ..retrieval.items import VIDEO
from .embeddings import MADE_WITH, Embeddings, EmbeddingsError

EXCLUSIONS = {'subject': ('subject',), 'video': VIDEO}
"""What a neighbour may be told not to share with the query."""

_CHUNK = 4096  # rows of the gallery in float64 at once


class Match(NamedTuple):
    """A neighbour.

    Attributes:
        rank: From 1 on.
        name: ``frame_dir``.
        label: Its class; -1 if it has none.
        class_name: Empty if there is none.
        cosine: From -1 to 1.
        place: Row in the gallery.
    """

    rank: int
    name: str
    label: int
    class_name: str
    cosine: float
    place: int


def search(
    source: Embeddings,
    query: str,
    gallery: Embeddings | None = None,
    top: int = 10,
    exclude_same: str | None = None,
) -> list[Match]:
    """Find the sequences nearest to one.

    The query itself is left out, told by its name in another gallery, too.
    Between equal cosines the order of the gallery decides.

    Args:
        source: Where the query is.
        query: Its name.
        gallery: Where to search. Defaults to None: in ``source``.
        top: How many. Defaults to 10.
        exclude_same: ``'subject'`` leaves out what is of the query's
            subject, ``'video'`` what is from its video (of the same
            subject, condition, seq and view). Defaults to None.

    Returns:
        At most ``top`` neighbours, nearest first.

    Raises:
        EmbeddingsError: If there is no such query, the two files cannot be
            compared, or it is not known what is to be left out.
        ValueError: If an argument is out of range.
    """
    if top < 1:
        raise ValueError(f'top must be at least 1, got {top}.')
    gallery = source if gallery is None else gallery
    _check_comparable(source, gallery)
    place = source.place_of(query)
    candidate = gallery.names != query
    if exclude_same is not None:
        candidate &= _differs(source, place, gallery, exclude_same)
    places, cosines = nearest(
        source.features[place], gallery.features, top, candidate
    )
    return [
        Match(
            rank,
            str(gallery.names[found]),
            int(gallery.labels[found]),
            gallery.class_of(found),
            float(cosine),
            int(found),
        )
        for rank, (found, cosine) in enumerate(
            zip(places, cosines, strict=True), 1
        )
    ]


def nearest(
    vector: np.ndarray,
    features: np.ndarray,
    top: int,
    candidate: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of largest cosine.

    Args:
        vector: ``(D,)``.
        features: ``(N, D)``.
        top: How many.
        candidate: ``(N,)`` bool, which take part. Defaults to None: all.

    Returns:
        Indices and cosines, ``(n,)`` each with n at most ``top``; equal
        cosines in the order of the rows. A row of zeros has the cosine 0.
    """
    vector = vector.astype(np.float64)
    cosines = np.empty(len(features))
    for start in range(0, len(features), _CHUNK):
        rows = features[start : start + _CHUNK].astype(np.float64)
        # No product of matrices, which may round equal rows differently.
        dots = (rows * vector).sum(1)
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
        cosines[start : start + _CHUNK] = dots / np.where(
            lengths > 0, lengths, 1
        )
    places = np.arange(len(features))
    if candidate is not None:
        places = places[candidate]
    order = np.argsort(-cosines[places], kind='stable')[:top]
    return places[order], cosines[places[order]].clip(-1, 1)


def _check_comparable(source: Embeddings, gallery: Embeddings) -> None:
    sizes = [source.features.shape[1], gallery.features.shape[1]]
    if sizes[0] != sizes[1]:
        raise EmbeddingsError(
            f'{source.path} has embeddings of {sizes[0]} numbers, '
            f'{gallery.path} of {sizes[1]}. Extract both with one checkpoint '
            f'and one --embedding.'
        )
    for key in MADE_WITH:
        told = [source.about.get(key), gallery.about.get(key)]
        if told[0] != told[1]:
            raise EmbeddingsError(
                f'{source.path} and {gallery.path} differ in {key} '
                f'({shown(told[0])} and {shown(told[1])}), so that their '
                f'embeddings mean different things. Extract both with one '
                f'checkpoint and one --embedding.'
            )


def _differs(
    source: Embeddings, place: int, gallery: Embeddings, what: str
) -> np.ndarray:
    """``(N,)`` bool, which items do not share it with the query."""
    if what not in EXCLUSIONS:
        raise ValueError(
            f'exclude_same must be one of {", ".join(EXCLUSIONS)}, got '
            f'{what!r}.'
        )
    same = np.ones(len(gallery), bool)
    for key in EXCLUSIONS[what]:
        own, other = (_known(x, key, what) for x in (source, gallery))
        if own.dtype.kind != other.dtype.kind:
            raise EmbeddingsError(
                f'{key} is {own.dtype} in {source.path}, but {other.dtype} '
                f'in {gallery.path}; they cannot be compared.'
            )
        same &= other == own[place]
    return ~same


def _known(embeddings: Embeddings, key: str, what: str) -> np.ndarray:
    """A metadata that is known of all samples, ``(N,)``."""
    column = embeddings.meta.get(key)
    if column is None:
        raise EmbeddingsError(
            f'to leave out the same {what}, the metadata {key!r} is needed, '
            f'which {embeddings.path} does not have; it has '
            f'{", ".join(sorted(embeddings.meta)) or "none"}.'
        )
    unknown = column == ('na' if column.dtype.kind == 'U' else -1)
    if unknown.any():
        first = int(unknown.argmax())
        raise EmbeddingsError(
            f'to leave out the same {what}, {key} has to be known, but in '
            f'{embeddings.path} that of {embeddings.names[first]} is not '
            f'({int(unknown.sum())} of {len(column)} samples).'
        )
    return column
