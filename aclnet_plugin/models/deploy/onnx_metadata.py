"""What an ONNX file tells about its model, so that it can be used alone.

ONNX keeps pairs of texts (``metadata_props``); what is no text is JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmengine.config import Config

from aclnet_plugin.structures import SkeletonLayout, get_layout
from aclnet_plugin.version import __version__

_SAMPLERS = (
    'UniformSampleDecode',
    'UniformSampleClips',
    'UniformSampleFrames',
    'SampleFrames',
    'UniformSample',
)


class InputRules(NamedTuple):
    """How the pipeline of a config makes the input of a model.

    Attributes:
        stream: ``'j'``, ``'b'``, ...; None if the config does not tell.
        clip_len: Frames of a clip, or None.
        num_clips: Clips of a sequence, or None.
        num_person: Persons of a clip, or None.
        center: Joint whose first position is subtracted from all, None if
            the pipeline does something else.
        pipeline: The transforms themselves.
    """

    stream: str | None
    clip_len: int | None
    num_clips: int | None
    num_person: int | None
    center: int | None
    pipeline: list[dict[str, Any]]


def read_input_rules(cfg: Config, layout: SkeletonLayout | None) -> InputRules:
    """Read the test pipeline of a config.

    Args:
        cfg: The config.
        layout: Of the model, None if unknown.
    """
    dataset = _test_dataset(cfg)
    steps = dataset.get('pipeline') or cfg.get('test_pipeline') or []
    steps = [_plain(step) for step in steps if isinstance(step, Mapping)]
    by_type = {str(step.get('type')): step for step in steps}
    sampler = next(
        (by_type[name] for name in _SAMPLERS if name in by_type), {}
    )
    centring = by_type.get('CenterSkeleton')
    center = None
    if centring is not None and layout is not None:
        center = centring.get('center')
        center = layout.center if center is None else center
    return InputRules(
        _stream_of(by_type, dataset),
        sampler.get('clip_len'),
        sampler.get('num_clips', 1) if sampler else None,
        by_type.get('FormatGCNInput', {}).get('num_person', 2)
        if 'FormatGCNInput' in by_type
        else None,
        center,
        steps,
    )


def layout_of(backbone: Mapping[str, Any]) -> SkeletonLayout | None:
    """Layout of a backbone's config; None for one only the host knows.

    Args:
        backbone: Config of the backbone.
    """
    try:
        return get_layout((backbone.get('graph_cfg') or {}).get('layout'))
    except (ValueError, TypeError):
        return None


def describe(
    cfg: Config,
    rules: InputRules,
    layout: SkeletonLayout | None,
    classes: Sequence[str] | None,
    **others: Any,
) -> dict[str, str]:
    """Metadata of a file.

    Args:
        cfg: The config.
        rules: What its pipeline does.
        layout: Of the skeletons.
        classes: Names of the classes, None if unknown.
        **others: More, by name.

    Returns:
        Texts by name; what is unknown is left out.
    """
    plain = json.dumps(_plain(cfg.to_dict()), sort_keys=True)
    table = layout and {
        'name': layout.name,
        'num_joints': layout.num_joints,
        'center': layout.center,
        'parents': layout.parents,
        'second_order_parents': layout.second_order_parents,
        'joint_names': layout.joint_names,
        'dims': layout.dims,
    }
    average = (cfg.model.get('cls_head') or {}).get('average_clips', 'prob')
    about = {
        'package': 'aclnet_plugin',
        'package_version': __version__,
        'torch_version': torch.__version__,
        'classes': None if classes is None else list(classes),
        'layout': layout and layout.name,
        'layout_table': table,
        **rules._asdict(),
        'pipeline': rules.pipeline or None,
        'average_clips': average,
        'config_sha256': hashlib.sha256(plain.encode()).hexdigest(),
        **others,
    }
    return {
        key: value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        for key, value in about.items()
        if value is not None
    }


def _test_dataset(cfg: Config) -> Mapping[str, Any]:
    """Config of the data set inside all wrappers, empty if there is none."""
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader') or {}
    dataset = loader.get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def _stream_of(
    by_type: Mapping[str, Mapping[str, Any]], dataset: Mapping[str, Any]
) -> str | None:
    """Stream of our transforms, or the one feature of the host's."""
    if 'ToStream' in by_type:
        return by_type['ToStream'].get('stream') or dataset.get('stream')
    feats = by_type.get('GenSkeFeat', {}).get('feats', [])
    return feats[0] if len(feats) == 1 else None


def _plain(value: Any) -> Any:
    """The same with nothing but what JSON knows, and text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return getattr(value, '__name__', type(value).__name__)
