"""From a sequence to the input of a model, as the config tests it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmaction.datasets import PoseDataset
from mmaction.registry import DATASETS, METRICS, TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from ...datasets import GaitPoseDataset, SkeletonDataset
from ...datasets.sample_seeding import generators_kept, seed_generators
from ...datasets.transforms.streams import check_stream
from ...evaluation.metrics import RetrievalMetric
from ...structures import SkeletonLayout, get_layout
from .errors import InferenceError

_SCALES_BY_IMAGE = ('PreNormalize2D', 'PoseCompact', 'GeneratePoseTarget')


@dataclass(frozen=True)
class Recipe:
    """What the test data set of a config does with an annotation.

    Args:
        pipeline: Its transforms, without what ``decompress`` does.
        layout: The skeleton; None if nothing says it.
        stamp: What the data set adds to each annotation.
        decompress: Sorts a list of single skeletons into persons and
            frames; None if the config has no such transform.
        box_thr: Lists of skeletons are cleared of those with a lower score
            of their box; None to keep them all.
        needs_image_size: Whether a transform scales by it.
    """

    pipeline: Compose
    layout: SkeletonLayout | None
    stamp: dict[str, Any]
    decompress: BaseTransform | None = None
    box_thr: float | None = None
    needs_image_size: bool = False

    @property
    def stream(self) -> str | None:
        """Name of the stream; None for data sets that know none."""
        return self.stamp.get('stream')

    def unfold(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """An annotation with ``keypoint`` ``(M, T, V, C)``.

        Args:
            sample: The annotation, perhaps a list of single skeletons.

        Raises:
            InferenceError: If it is such a list and the config has no
                transform for it.
        """
        sample = dict(sample)
        if sample['keypoint'].ndim == 4:
            return sample
        if self.decompress is None:
            raise InferenceError(
                'the annotation is a list of single skeletons, but the '
                'pipeline of the config has no DecompressPose.'
            )
        if self.box_thr is not None and 'box_score' in sample:
            sample['anno_inds'] = sample['box_score'] >= self.box_thr
        return self.decompress(_own(sample))

    def pack(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Apply the pipeline.

        What a pipeline draws at random, if it does so in a test, is the same
        each time, and the generators of the caller are left alone.

        Args:
            sample: Of :meth:`unfold`.

        Returns:
            ``inputs`` and ``data_samples``, to be collated.
        """
        with generators_kept():
            seed_generators(0)
            packed = self.pipeline(_own(sample) | self.stamp)
        if packed is None:
            raise InferenceError('the pipeline of the config dropped it.')
        return packed


def _own(sample: Mapping[str, Any]) -> dict[str, Any]:
    """A sample whose arrays transforms may write to."""
    return {
        key: value.copy() if isinstance(value, np.ndarray) else value
        for key, value in sample.items()
    }


def make_recipe(cfg: Config, origin: str) -> Recipe:
    """The recipe of a config's test data set.

    Args:
        cfg: The config; ``val_dataloader`` serves if it has no
            ``test_dataloader``.
        origin: Its name, for messages.

    Raises:
        InferenceError: If it tests no skeletons, or cannot be understood.
    """
    init_default_scope(cfg.get('default_scope') or 'mmaction')
    data = _dataset_of(cfg, origin)
    kind = DATASETS.get(str(data.get('type')))
    if not isinstance(kind, type) or not issubclass(kind, PoseDataset):
        raise InferenceError(
            f'{origin}: its test dataset is a {data.get("type")}; skeletons '
            'are in a PoseDataset or SkeletonDataset.'
        )
    if issubclass(kind, GaitPoseDataset) or _compares_persons(cfg):
        raise InferenceError(
            f'{origin} is for the recognition of persons, whose classes are '
            'those of the training only; tools/extract_embeddings.py and '
            'tools/search_embeddings.py compare walks.'
        )
    stamp: dict[str, Any] = {
        'modality': data.get('modality', 'Pose'),
        'start_index': data.get('start_index', 0),
    }
    layout = None
    if issubclass(kind, SkeletonDataset):
        stamp['stream'] = check_stream(data.get('stream', 'j'))
    if data.get('layout') is not None:
        layout = stamp['layout'] = get_layout(data['layout'])
    steps = [dict(step) for step in data['pipeline']]
    decompress = None
    names = [str(step.get('type')) for step in steps]
    if 'DecompressPose' in names:
        decompress = TRANSFORMS.build(steps.pop(names.index('DecompressPose')))
    return Recipe(
        Compose(steps),
        layout or _layout_from(steps, cfg),
        stamp,
        decompress,
        data.get('box_thr', 0.5) if data.get('valid_ratio') else None,
        any(name in _SCALES_BY_IMAGE for name in names),
    )


def _compares_persons(cfg: Config) -> bool:
    """Whether the config measures how well persons are found again."""
    metrics = cfg.get('test_evaluator') or cfg.get('val_evaluator') or ()
    metrics = metrics if isinstance(metrics, (list, tuple)) else [metrics]
    kinds = [METRICS.get(str(metric.get('type'))) for metric in metrics]
    return any(
        isinstance(kind, type) and issubclass(kind, RetrievalMetric)
        for kind in kinds
    )


def _dataset_of(cfg: Config, origin: str) -> Any:
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    data = (loader or {}).get('dataset')
    while data is not None and 'dataset' in data:
        data = data['dataset']
    if data is None or 'pipeline' not in data:
        raise InferenceError(
            f'{origin} has no test_dataloader with one dataset and its '
            'pipeline, which prepares the inputs.'
        )
    return data


def _layout_from(steps: list[dict], cfg: Config) -> SkeletonLayout | None:
    """The layout as transforms or graph name it."""
    graph = (cfg.model.get('backbone') or {}).get('graph_cfg') or {}
    told = [step.get('layout') or step.get('dataset') for step in steps]
    for layout in (*told, graph.get('layout')):
        if layout is None:
            continue
        try:
            return get_layout(layout)
        except (ValueError, TypeError):
            continue
    return None
