"""The embeddings of a data set, computed batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from ...datasets.naming import sample_name
from ...models.affinity.functional import unit_rows
from ...models.heads import embed
from ...models.heads.embedding import pool
from .embeddings import EmbeddingsError
from .parts import KeptRows

KEEP_SECONDS = 30.0
"""How much work a process that is killed may lose."""


@torch.inference_mode()
def embed_batch(model: nn.Module, batch: Any, kind: str) -> np.ndarray:
    """Embeddings of a batch, as the head writes them to the samples.

    Of samples in several versions, from ``TestTimeAug``, the mean is taken as
    :class:`~aclnet_plugin.models.RetrievalTTAModel` does.

    Args:
        model: A ``RecognizerGCN`` in evaluation mode.
        batch: As a data loader collates it.
        kind: The embedding.

    Returns:
        ``(B, D)`` float32.
    """
    if not isinstance(batch['inputs'][0], Tensor):
        versions = [
            _rows_of(model, {k: list(batch[k][index]) for k in batch}, kind)
            for index in range(len(batch['inputs']))
        ]
        rows = unit_rows(torch.stack(versions).mean(0))
    else:
        rows = _rows_of(model, batch, kind)
    return rows.cpu().numpy()


def _rows_of(model: nn.Module, batch: Any, kind: str) -> Tensor:
    data = model.data_preprocessor(batch, False)
    feats = model.extract_feat(data['inputs'])[0]
    count = len(data['data_samples'])
    if hasattr(model.cls_head, 'embed'):
        return model.cls_head.embed(feats, count, kind)
    pooled = pool(feats[0] if isinstance(feats, tuple) else feats)
    return embed(kind, pooled, clips=len(pooled) // count)


def extract_features(
    model: nn.Module,
    dataset: Any,
    kind: str = 'pooled',
    *,
    batch_size: int = 16,
    num_workers: int = 0,
    kept: KeptRows | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """Embeddings of all samples, in their order.

    Whatever ends it early, what was computed until then goes to ``kept``,
    and the next call begins after it.

    Args:
        model: A ``RecognizerGCN`` in evaluation mode.
        dataset: Its samples are packed and come with all their clips.
        kind: The embedding. Defaults to ``'pooled'``.
        batch_size: Samples at once. Defaults to 16.
        num_workers: Processes that load data. Defaults to 0.
        kept: Where finished rows are kept. Defaults to None: nowhere.
        advance: Called with the number of samples that were finished.

    Returns:
        ``(N, D)`` float32.

    Raises:
        EmbeddingsError: If an embedding is not finite.
    """
    blocks = kept.load(len(dataset)) if kept else []
    done = sum(map(len, blocks))
    advance(done)
    fresh: list[np.ndarray] = []
    last = time.monotonic()
    try:
        for batch in _batches(dataset, done, batch_size, num_workers):
            rows = embed_batch(model, batch, kind)
            if not np.isfinite(rows).all():
                place = done + sum(map(len, fresh))
                place += int((~np.isfinite(rows).all(1)).argmax())
                raise EmbeddingsError(
                    f'the embedding of {_name(dataset, place)} is not '
                    f'finite. Check the checkpoint, or whether its training '
                    f'has diverged.'
                )
            fresh.append(rows)
            advance(len(rows))
            if kept and time.monotonic() - last >= KEEP_SECONDS:
                kept.add(done, np.concatenate(fresh))
                blocks += fresh
                done += sum(map(len, fresh))
                fresh, last = [], time.monotonic()
    except BaseException:
        if kept and fresh:
            kept.add(done, np.concatenate(fresh))
        raise
    return np.concatenate([*blocks, *fresh])


def _name(dataset: Any, place: int) -> str:
    return f'sample {place} ({sample_name(dataset.get_data_info(place))})'


def _batches(
    dataset: Any, first: int, batch_size: int, num_workers: int
) -> Iterator[Any]:
    """The samples from a place on."""
    rest = range(first, len(dataset))
    if rest:
        yield from DataLoader(
            Subset(dataset, rest),
            batch_size,
            num_workers=num_workers,
            collate_fn=pseudo_collate,
        )
