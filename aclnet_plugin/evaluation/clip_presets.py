"""How many clips a test takes, and how many samples at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmaction.registry import METRICS
from mmengine.config import Config

SAMPLERS = (
    'UniformSampleDecode',
    'UniformSampleClips',
    'UniformSampleFrames',
    'UniformSample',
)
"""Transforms that take ``num_clips`` clips of a sequence."""


@dataclass(frozen=True)
class ClipPreset:
    """A way to test.

    Args:
        clips: Clips per sample, whose probabilities are averaged.
        batch_size: Samples at once; None for what the config says.
        label: Put into the names of the metrics; None for none.
    """

    clips: int
    batch_size: int | None = None
    label: str | None = None


PRESETS = {
    '10clip': ClipPreset(10),
    '10clip-fast': ClipPreset(10, batch_size=16),
    '1clip': ClipPreset(1, batch_size=16, label='1clip'),
}
"""``10clip`` is the published protocol, ``10clip-fast`` gives the same scores
up to rounding, ``1clip`` is a quick look, not comparable with either."""


def apply_preset(
    cfg: Config, preset: ClipPreset, batch_size: int | None = None
) -> None:
    """Make a config test as a preset says, through wrappers of the dataset.

    Samplers are put into test mode, too, if they are not.

    Args:
        cfg: The config, changed in place.
        preset: The preset.
        batch_size: Instead of the preset's. Defaults to None.

    Raises:
        ValueError: If the test pipeline has no transform that samples clips.
    """
    samplers = list(find_samplers(_test_dataset(cfg)))
    if not samplers:
        raise ValueError(
            f'test_dataloader has no transform that samples clips, one of '
            f'{", ".join(SAMPLERS)}; a preset cannot set their number. Set '
            f'it with --cfg-options.'
        )
    for sampler in samplers:
        sampler['num_clips'] = preset.clips
        # Otherwise other clips are drawn in each run.
        sampler['test_mode'] = True
    size = batch_size or preset.batch_size
    if size is not None:
        cfg.test_dataloader.batch_size = size
    if preset.label is not None:
        label_metrics(cfg, preset.label)


def count_clips(cfg: Config) -> int | None:
    """Clips per sample that a config tests with.

    Args:
        cfg: The config.

    Returns:
        The number, or None if it is not known or differs between datasets.
    """
    samplers = find_samplers(_test_dataset(cfg))
    counts = {sampler.get('num_clips', 1) for sampler in samplers}
    return counts.pop() if len(counts) == 1 else None


def find_samplers(part: Any) -> Iterator[Any]:
    """The clip-sampling transforms anywhere inside a part of a config.

    Args:
        part: Dicts, lists and values.
    """
    if isinstance(part, Mapping):
        kind = part.get('type')
        name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
        if name.rpartition('.')[2] in SAMPLERS:
            yield part
        part = part.values()
    elif not isinstance(part, (list, tuple)):
        return
    for child in part:
        yield from find_samplers(child)


def label_metrics(cfg: Config, label: str) -> None:
    """Name the metrics so that nobody takes them for others.

    Args:
        cfg: The config, changed in place.
        label: Put after the names' prefix, such as ``acc_1clip``.
    """
    metrics = cfg.get('test_evaluator') or []
    for metric in metrics if isinstance(metrics, (list, tuple)) else [metrics]:
        prefix = metric.get('prefix')
        if prefix is None:
            kind = metric.get('type')
            kind = METRICS.get(kind) if isinstance(kind, str) else kind
            prefix = getattr(kind, 'default_prefix', None)
        if prefix is not None:
            metric['prefix'] = f'{prefix}_{label}'


def _test_dataset(cfg: Config) -> Any:
    loader = cfg.get('test_dataloader')
    return None if loader is None else loader.get('dataset')
