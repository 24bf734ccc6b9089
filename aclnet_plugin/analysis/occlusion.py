"""How a model does when joints or frames are missing at test time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from torch import nn
from torch.utils.data import DataLoader

from ..structures import SkeletonLayout
from .class_accuracy import Runs, compare
from .errors import AnalysisError

STAGES = ('raw', 'centred', 'features')
"""Where in the pipeline joints go missing, see :func:`inserted`."""

FRAMES = ('recorded', 'zero', 'removed')
"""What becomes of dropped frames, see :func:`plan_trials`."""

PUBLISHED = ('left_arm', 'right_arm', 'two_hands', 'two_legs', 'trunk', 'head')
"""Groups of joints that are tested by default, those that a layout has."""

_STREAMS = ('ToStream', 'GenSkeFeat', 'JointToBone', 'ToMotion')
_LOADERS = ('Decompress', 'Load')


@dataclass(frozen=True)
class Trial:
    """One test.

    Args:
        kind: ``'intact'``, ``'part'``, ``'random'`` or ``'frames'``.
        label: What is missing, in words.
        level: How many random joints, or which share of the frames.
        repeat: Which of several draws.
        transform: Config of what hides it; None if nothing is missing.
        stage: One of :data:`STAGES`; None for what the user chose.
    """

    kind: str
    label: str
    level: float | None = None
    repeat: int = 0
    transform: dict[str, Any] | None = None
    stage: str | None = None


@dataclass(frozen=True)
class Outcome:
    """Accuracy of one kind of occlusion, over its draws.

    Args:
        trial: The first of its trials.
        accuracies: Of each draw.
        low: Lower end of the interval of the difference to the intact test;
            None for that itself.
        high: Its upper end.
    """

    trial: Trial
    accuracies: tuple[float, ...]
    low: float | None = None
    high: float | None = None

    @property
    def mean(self) -> float:
        """Mean over the draws."""
        return float(np.mean(self.accuracies))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the draws; None of a single one."""
        if len(self.accuracies) < 2:
            return None
        return float(np.std(self.accuracies, ddof=1))


def known_groups(layout: SkeletonLayout) -> list[str]:
    """The published groups that a layout has, or all groups it has.

    Args:
        layout: The layout.
    """
    every = [name for name, _ in (*layout.parts, *layout.regions)]
    return [name for name in PUBLISHED if name in every] or every


def joints_from(text: str, layout: SkeletonLayout) -> tuple[int, ...]:
    """Joints as a command line names them.

    Args:
        text: Indices from 0 or names, joined by commas.
        layout: Says which there are.

    Raises:
        AnalysisError: If there is no such joint.
    """
    names = [name.lower() for name in layout.joint_names]
    found = []
    for part in filter(None, (word.strip() for word in text.split(','))):
        if part.lower() in names:
            found.append(names.index(part.lower()))
        elif part.isascii() and part.isdecimal():
            found.append(int(part))
        else:
            known = f' and {", ".join(names[:4])}, ...' * bool(names)
            raise AnalysisError(
                f'{layout.name} has no joint {part!r}; there are 0 to '
                f'{layout.num_joints - 1}{known}'
            )
    if not found or max(found) >= layout.num_joints:
        raise AnalysisError(
            f'{text!r} names no joints of {layout.name}, which are 0 to '
            f'{layout.num_joints - 1}'
        )
    return tuple(dict.fromkeys(found))


def plan_trials(
    layout: SkeletonLayout,
    parts: Sequence[str] = (),
    joints: Sequence[str] = (),
    random_joints: Sequence[int] = (),
    drop_frames: Sequence[float] = (),
    repeats: int = 3,
    seed: int = 0,
    frames: str = 'recorded',
) -> list[Trial]:
    """All tests, the intact one first.

    Args:
        layout: The joints.
        parts: Groups of joints of the layout.
        joints: Lists of joints, see :func:`joints_from`.
        random_joints: Numbers of joints to draw for each sample.
        drop_frames: Shares of the frames to lose.
        repeats: Draws of what is random. Defaults to 3.
        seed: Of the first draw. Defaults to 0.
        frames: What becomes of lost ones. ``'recorded'``: they are zero
            where the pipeline begins, as where a sensor saw nobody; what
            centres 3D skeletons takes such frames out. ``'zero'``: they are
            zero where joints go missing. ``'removed'``: they are taken out.
            Defaults to ``'recorded'``.

    Raises:
        AnalysisError: If a group, joint, number or share is impossible.
    """
    trials = [Trial('intact', 'intact')]

    def hide(**what: Any) -> dict[str, Any]:
        return dict(type='OccludeJoints', layout=layout, **what)

    for part in parts:
        try:
            found = layout.joints_of(part)
        except ValueError as error:
            raise AnalysisError(str(error)) from error
        label = part.replace('_', ' ')
        trials.append(Trial('part', label, transform=hide(joints=found)))
    for text in joints:
        found = joints_from(text, layout)
        names = layout.joint_names or [
            str(v) for v in range(layout.num_joints)
        ]
        label = ', '.join(names[v].replace('_', ' ') for v in found)
        trials.append(
            Trial(
                'part',
                label if layout.joint_names else f'joints {label}',
                transform=hide(joints=found),
            )
        )
    for number in random_joints:
        if not 1 <= number <= layout.num_joints:
            raise AnalysisError(
                f'{number} random joints cannot be drawn: {layout.name} has '
                f'{layout.num_joints}'
            )
        label = f'{number} random joint{"s" * (number > 1)}'
        trials += [
            Trial(
                *('random', label, number, repeat),
                hide(num_random=number, seed=seed + repeat),
            )
            for repeat in range(repeats)
        ]
    for ratio in drop_frames:
        if not 0 < ratio < 1:
            raise AnalysisError(
                f'a share of frames is above 0 and below 1, not {ratio}'
            )
        lose = dict(type='DropFrames', ratio=ratio)
        lose['remove'] = frames == 'removed'
        trials += [
            Trial(
                *('frames', f'{100 * ratio:g} % of the frames', ratio, repeat),
                lose | dict(seed=seed + repeat),
                None if frames == 'zero' else 'raw',
            )
            for repeat in range(repeats)
        ]
    return trials


def inserted(
    pipeline: Sequence[Mapping[str, Any]],
    transform: Mapping[str, Any] | None,
    stage: str,
) -> list[Mapping[str, Any]]:
    """A test pipeline in which something goes missing.

    - ``'raw'``: as a sensor misses it, before all but loading. A missing
      joint that the sequence is centred on leaves it uncentred.
    - ``'centred'``: after that, before the stream is made. Missing joints
      lie at the origin, as those that are missing in the data; bones to them
      are minus their partner.
    - ``'features'``: after the stream is made; the network sees zeros.

    Args:
        pipeline: Configs of the test pipeline.
        transform: Config of what hides; None for nothing.
        stage: One of :data:`STAGES`.

    Returns:
        A new list.

    Raises:
        AnalysisError: If the pipeline has no place that is known.
    """
    made = list(pipeline)
    if transform is None:
        return made
    kinds = [_kind(step) for step in made]
    if stage == 'raw':
        loading = [i for i, k in enumerate(kinds) if k.startswith(_LOADERS)]
        made.insert(max(loading, default=-1) + 1, transform)
        return made
    streams = [i for i, kind in enumerate(kinds) if kind in _STREAMS]
    if not streams and 'FormatGCNInput' in kinds:
        streams = [kinds.index('FormatGCNInput')]
        stage = 'centred'
    if not streams:
        raise AnalysisError(
            'the test pipeline has none of '
            f'{", ".join((*_STREAMS, "FormatGCNInput"))}, before which '
            'joints could be hidden; try --at raw'
        )
    place = streams[0] if stage == 'centred' else streams[-1] + 1
    made.insert(place, transform)
    return made


def _kind(step: Any) -> str:
    kind = step.get('type') if isinstance(step, Mapping) else type(step)
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    return name.rpartition('.')[2]


def set_pipeline(dataset: Any, pipeline: Sequence[Mapping[str, Any]]) -> None:
    """Give a data set another pipeline, without reading its files again.

    Args:
        dataset: The data set, possibly in wrappers; changed in place.
        pipeline: Configs.
    """
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    # Copies: transforms may change what they are built from.
    dataset.pipeline = Compose([dict(step) for step in pipeline])


@torch.inference_mode()
def test_hits(
    model: nn.Module,
    dataset: Any,
    *,
    batch_size: int = 16,
    num_workers: int = 0,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Test a model.

    Args:
        model: A recogniser in evaluation mode.
        dataset: Its samples are packed.
        batch_size: Samples at once. Defaults to 16.
        num_workers: Processes that load data. Defaults to 0.
        advance: Called with the number of samples that were finished.

    Returns:
        ``(N,)`` bool, which are right, and ``(N,)`` int64, their labels.

    Raises:
        AnalysisError: If samples have no class that the model knows.
    """
    loader = DataLoader(
        dataset,
        batch_size,
        num_workers=num_workers,
        collate_fn=pseudo_collate,
    )
    hits, labels = [], []
    for batch in loader:
        found = model.test_step(batch)
        scores = torch.stack([one.pred_score for one in found])
        truth = torch.stack([one.gt_label.reshape(-1)[0] for one in found])
        if (
            scores.ndim != 2
            or not 0 <= int(truth.min()) <= int(truth.max()) < scores.shape[1]
        ):
            raise AnalysisError(
                'labels of the samples are no classes of the model, as in '
                'retrieval; there is no accuracy to measure'
            )
        hits.append((scores.argmax(1).cpu() == truth.cpu()).numpy())
        labels.append(truth.cpu().numpy())
        advance(len(found))
    return np.concatenate(hits), np.concatenate(labels).astype(np.int64)


# Its name looks like a test's.
test_hits.__test__ = False


def outcomes(
    done: Sequence[tuple[Trial, np.ndarray]],
    labels: np.ndarray,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> list[Outcome]:
    """Put draws together and compare with the intact test.

    Args:
        done: Trials and which samples were right, ``(N,)``; the intact one
            first.
        labels: ``(N,)``.
        resamples: Of the paired bootstrap over samples. Defaults to 2000.
        level: Share that an interval holds. Defaults to 0.95.
        seed: Decides the draws of the bootstrap. Defaults to 0.
    """
    groups: dict[tuple[str, str], list[tuple[Trial, np.ndarray]]] = {}
    for trial, hits in done:
        groups.setdefault((trial.kind, trial.label), []).append((trial, hits))
    total = int(labels.max()) + 1
    intact = Runs('intact', done[0][1][None], labels, total)
    found = []
    for members in groups.values():
        trial = members[0][0]
        hits = np.stack([one for _, one in members])
        accuracies = tuple(hits.mean(1).tolist())
        if trial.kind == 'intact':
            found.append(Outcome(trial, accuracies))
            continue
        runs = Runs(trial.label, hits, labels, total)
        change = compare(intact, runs, resamples, level, seed).overall
        found.append(Outcome(trial, accuracies, change.low, change.high))
    return found
