"""One sample through the pipeline, compared with what the backbone takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...structures import get_layout
from ...structures.layouts import TABLES
from ..sample_seeding import generators_kept
from .expectation import Expectation
from .part_problems import name_some
from .report import Problem, count_of
from .survey import PartSurvey


def trial_problems(
    split: str, part: PartSurvey, expectation: Expectation
) -> Iterator[Problem]:
    """Send one sample of each kind to where the backbone would take it.

    What a pipeline makes of joints and channels (virtual joints, scores,
    several features side by side) only the pipeline knows, hence the trial.
    The global random generators are left as they were.

    Args:
        split: Name of the split.
        part: What was found in the dataset.
        expectation: What the model demands; without a graph there is
            nothing to compare with, and no trial.
    """
    if expectation.joints is None:
        return
    first: dict[tuple[int, ...], int] = {}
    for place, shape in enumerate(part.shapes):
        first.setdefault(shape[-2:], place)
    kept = None
    for place in first.values():
        sample = f'sample {part.names[place]!r} (number {part.indices[place]})'
        try:
            with generators_kept():
                result = part.dataset.prepare_data(part.indices[place])
        except Exception as error:
            # Whatever a transform raises would stop the training as well.
            yield Problem(
                'error',
                split,
                part.file,
                f'the pipeline fails at {sample}: '
                f'{type(error).__name__}: {_sentence(error)}',
                _pipeline_remedy(part),
            )
            continue
        shape = _shape_of(result)
        if shape is None:
            continue
        for what, mend in _mismatches(*shape[1:], expectation):
            what = f'{sample} reaches the backbone with {what}.'
            yield Problem('error', split, part.file, what, mend)
        kept = shape[0]
    yield from _person_problems(split, part, kept)


def relation_problems(expectation: Expectation) -> Iterator[Problem]:
    """Compare the relation vector of the backbone with the head.

    Args:
        expectation: What the model demands.
    """
    given, joints = expectation.relation_dim, expectation.joints
    if given is None or joints is None or given == joints**2:
        return
    yield Problem(
        'error',
        'model',
        '',
        f'the head takes relation vectors of length {given}, but '
        f'{expectation.backbone} with {joints} joints returns {joints} * '
        f'{joints} = {joints**2} numbers.',
        f'Set cls_head.relation_dim={joints**2}.',
    )


def _mismatches(
    joints: int, channels: int, expectation: Expectation
) -> Iterator[tuple[str, str]]:
    """End of a sentence and remedy for each number that does not fit."""
    if joints != expectation.joints:
        name = expectation.layout
        yield (
            f'{joints} joints, but its graph'
            + (f', {name!r},' if name else '')
            + f' has {expectation.joints}',
            _joint_remedy(joints, name),
        )
    if expectation.in_channels not in (None, channels):
        yield (
            f'{channels} channels, but it takes '
            f'{expectation.in_channels} (backbone.in_channels)',
            f'Set backbone.in_channels={channels}, or correct the pipeline; '
            'the third channel of 2D skeletons is their keypoint_score.',
        )


def _pipeline_remedy(part: PartSurvey) -> str:
    layout = getattr(part.dataset, 'layout', None)
    mend = 'Correct the pipeline, or the layout that it is told.'
    if layout is None:
        mend += (
            ' Transforms without a layout of their own take that of the '
            'dataset, dataset=dict(layout=...).'
        )
    elif layout.dims == 2:
        mend += (
            f' The layout {layout.name!r} is for 2D: CenterSkeleton and '
            'RandomRot are for 3D, PreNormalize2D for 2D.'
        )
    return mend


def _joint_remedy(joints: int, layout: str | None) -> str:
    names = [t['name'] for t in TABLES if t['num_joints'] == joints]
    if layout in {t['name'] for t in TABLES}:
        known = get_layout(layout)
        if known.virtual_joints and joints == known.num_source_joints:
            return (
                f"Put dict(type='AddVirtualJoints', layout={layout!r}) before "
                'ToStream in the pipeline.'
            )
    hint = ' or '.join(map(repr, names)) or 'a dict with num_node, inward'
    return (
        'Set backbone.graph_cfg.layout to the layout that the annotation was '
        f'made with; for {joints} joints that is {hint}.'
    )


def _person_problems(
    split: str, part: PartSurvey, kept: int | None
) -> Iterator[Problem]:
    """Sequences that lose persons in the pipeline."""
    more = [
        place
        for place, shape in enumerate(part.shapes)
        if kept is not None and len(shape) == 4 and shape[0] > kept
    ]
    if more:
        most = max(part.shapes[place][0] for place in more)
        yield Problem(
            'warning',
            split,
            part.file,
            f'{count_of(len(more), "sequence")} with up to {most} persons, '
            f'of which the pipeline keeps {kept}: '
            f'{name_some([part.names[place] for place in more])}.',
            f'Set num_person={most} of FormatGCNInput in the pipeline if the '
            'others matter.',
        )


def _shape_of(result: Any) -> tuple[int, int, int] | None:
    """Persons, joints, channels of a sample ``(clips, M, T, V, C)``."""
    inputs = result.get('inputs') if isinstance(result, dict) else None
    if getattr(inputs, 'ndim', 0) != 5:
        return None
    return inputs.shape[-4], inputs.shape[-2], inputs.shape[-1]


def _sentence(error: Exception) -> str:
    text = ' '.join(str(error).split()) or 'no message'
    return text if text.endswith('.') else f'{text}.'
