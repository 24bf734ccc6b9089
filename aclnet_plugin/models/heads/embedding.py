"""Embeddings of samples, to compare sequences of unseen classes by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..affinity.functional import unit_rows

EMBEDDINGS = ('pooled', 'inter', 'intra', 'concat')
"""Kinds of embedding; the last is the other three side by side."""

Project = Callable[[Tensor], Tensor]
"""A linear map from relation vectors to vectors of one kind."""


def check_embedding(kind: str | None) -> str | None:
    """Return a kind of embedding, or None for none.

    Raises:
        ValueError: If there is no such kind.
    """
    if kind is not None and kind not in EMBEDDINGS:
        raise ValueError(
            f'embedding must be None or one of {list(EMBEDDINGS)}, got '
            f'{kind!r}'
        )
    return kind


def pool(feats: Tensor) -> Tensor:
    """Mean over persons, frames and joints, as a GCN head takes it.

    Args:
        feats: ``(N, M, C, T, V)``; absent persons are included.

    Returns:
        ``(N, C)``.
    """
    return feats.mean((3, 4)).mean(1)


def embed(
    kind: str,
    pooled: Tensor,
    relation: Tensor | None = None,
    projections: Mapping[str, Project] | None = None,
    clips: int = 1,
) -> Tensor:
    """Embeddings of a batch, one per sample.

    ``'pooled'`` is the pooled feature, ``'inter'`` and ``'intra'`` are the
    relation vector after the projection of that loss. The clips of a sample
    are averaged, then the mean is brought to unit length. For ``'concat'``
    the three unit vectors are joined and divided by the root of 3: each has
    the same say, and the cosine of two is the mean of the three cosines.

    Args:
        kind: One of :data:`EMBEDDINGS`.
        pooled: ``(B * clips, C)``, the clips of a sample in a row.
        relation: ``(B * clips, R)``. Defaults to None: the pooled feature,
            as for backbones without a relation vector.
        projections: The maps of ``'inter'`` and ``'intra'``, which only
            ``'pooled'`` does without. Defaults to None.
        clips: Clips per sample. Defaults to 1.

    Returns:
        ``(B, D)`` float32, rows of unit length. A row of zeros stays one.
    """
    relation = pooled if relation is None else relation
    parts = EMBEDDINGS[:-1] if kind == 'concat' else (kind,)
    vectors = []
    # Cosines in half precision could not tell near neighbours apart.
    with torch.autocast(pooled.device.type, enabled=False):
        for part in parts:
            if part == 'pooled':
                rows = pooled.float()
            else:
                rows = projections[part](relation).float()
            means = rows.unflatten(0, (-1, clips)).mean(1)
            vectors.append(unit_rows(means))
        return unit_rows(torch.cat(vectors, 1))
