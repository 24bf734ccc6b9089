"""Relation vectors of test samples, as matrices of links between joints."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn
from torch.utils.data import DataLoader, Subset

from ..evaluation.embeddings import load_model
from .errors import AnalysisError
from .learned_state import read_checkpoint


class Relations(NamedTuple):
    """What the backbone found in N samples.

    Attributes:
        matrices: ``(N, V, V)`` float32, source joint before target joint
            (section 2.4), averaged over clips and persons.
        scores: ``(N, K)`` float32 class scores.
    """

    matrices: np.ndarray
    scores: np.ndarray


def load_classifier(
    cfg: Config,
    checkpoint: str | os.PathLike[str],
    device: str | torch.device = 'cpu',
) -> nn.Module:
    """Build a model and load backbone and classifier.

    Args:
        cfg: A config with a ``RecognizerGCN``.
        checkpoint: A local file, read as data only.
        device: Where to. Defaults to ``'cpu'``.

    Returns:
        The model in evaluation mode.

    Raises:
        ValueError: If the two do not fit together.
    """
    state, _ = read_checkpoint(checkpoint)
    model = load_model(cfg, checkpoint, 'pooled', device)
    classifier = {
        key.removeprefix('module.'): value
        for key, value in state.items()
        if key.removeprefix('module.').startswith(_CLASSIFIERS)
    }
    if not classifier:
        raise AnalysisError(f'{checkpoint} has no classifier (cls_head.fc)')
    try:
        model.load_state_dict(classifier, strict=False)
    except RuntimeError as error:
        raise AnalysisError(
            f'the classifier in {checkpoint} is of other classes or features '
            f'than the config; take the config it was trained with'
        ) from error
    return model


# Of this package, and of the official code, whose names the head knows.
_CLASSIFIERS = ('cls_head.fc.', 'cls_head.fc_cls.')


@torch.inference_mode()
def collect_relations(
    model: nn.Module,
    dataset: Any,
    places: Sequence[int],
    *,
    batch_size: int = 16,
    num_workers: int = 0,
    advance: Callable[[int], None] = lambda count: None,
) -> Relations:
    """Relation matrices and scores of some samples.

    Args:
        model: A ``RecognizerGCN`` in evaluation mode whose backbone also
            returns a relation vector.
        dataset: Its samples are packed and come with all their clips.
        places: Indices of the samples.
        batch_size: Samples at once. Defaults to 16.
        num_workers: Processes that load data. Defaults to 0.
        advance: Called with the number of samples that were finished.

    Returns:
        One matrix and one row of scores for each place.

    Raises:
        AnalysisError: If there is no relation vector, or it is not finite.
    """
    loader = DataLoader(
        Subset(dataset, list(places)),
        batch_size,
        num_workers=num_workers,
        collate_fn=pseudo_collate,
    )
    matrices, scores = [], []
    for batch in loader:
        data = model.data_preprocessor(batch, False)
        feats = model.extract_feat(data['inputs'])[0]
        if not isinstance(feats, tuple):
            name = type(model.backbone).__name__
            raise AnalysisError(
                f'the backbone of the config, {name}, has no relation '
                f'vector; only one such as ACLGCN shows learned links'
            )
        count = len(data['data_samples'])
        relation = feats[1].float().unflatten(0, (count, -1)).mean(1)
        joints = round(relation.shape[1] ** 0.5)
        matrices.append(relation.view(count, joints, joints).cpu())
        found = model.cls_head(feats).softmax(1)
        scores.append(found.unflatten(0, (count, -1)).mean(1).cpu())
        advance(count)
    result = Relations(torch.cat(matrices).numpy(), torch.cat(scores).numpy())
    if not np.isfinite(result.matrices).all():
        raise AnalysisError(
            'the relation of some samples is not finite. Check the '
            'checkpoint, or whether its training has diverged'
        )
    return result
