"""Give a config another stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import AnalysisError

STREAMS = ('j', 'b', 'k', 'jm', 'bm', 'km')
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def stream_options(config: Config, stream: str) -> dict[str, Any]:
    """What turns a config into that of another stream.

    As the configs of the streams do, it sets the ``stream`` of the data sets;
    where a step of a pipeline names a stream of its own, also there.

    Args:
        config: A resolved config.
        stream: One of :data:`STREAMS`.

    Returns:
        Dotted keys and values.

    Raises:
        AnalysisError: If a data set has no pipeline that makes streams.
    """
    options: dict[str, Any] = {}
    for name in _LOADERS:
        if config.get(name):
            options |= _of_loader(name, config[name], stream)
    return options


def _of_loader(
    name: str, loader: Mapping[str, Any], stream: str
) -> dict[str, Any]:
    where, dataset = name, loader
    while isinstance(dataset.get('dataset'), Mapping):
        where, dataset = f'{where}.dataset', dataset['dataset']
    steps = dict(_steps(dataset))
    if not steps:
        raise AnalysisError(
            f'--streams: {where} has no pipeline with ToStream or GenSkeFeat; '
            f'give a config for each stream instead'
        )
    options = {}
    for place, step in steps.items():
        if step['type'].endswith('GenSkeFeat'):
            options[f'{where}.pipeline.{place}.feats'] = [stream]
        elif step.get('stream') is not None:
            options[f'{where}.pipeline.{place}.stream'] = stream
        else:
            options[f'{where}.stream'] = stream
    return options


def _steps(dataset: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    for place, step in enumerate(dataset.get('pipeline') or ()):
        if str(step.get('type')).endswith(('ToStream', 'GenSkeFeat')):
            yield place, step
