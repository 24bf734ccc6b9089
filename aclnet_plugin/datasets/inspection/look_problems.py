"""Whether the skeletons of a dataset look like those of its layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...structures import SkeletonLayout
from ...structures.layouts import TABLES
from ..plausibility import (
    changing_bones,
    image_problem,
    side_problem,
    unit_problem,
)
from .report import Problem
from .survey import PartSurvey

_SHOW = 30
_KNOWN = {table['name'] for table in TABLES}


def look_problems(split: str, part: PartSurvey) -> Iterator[Problem]:
    """Faults that no single number shows: unit, bones, sides.

    They are warnings, because the training runs. The tables of the known
    layouts are not doubted.

    Args:
        split: Name of the split.
        part: What was found in the dataset.
    """
    layout = getattr(part.dataset, 'layout', None)
    if layout is None:
        return
    own = layout.name not in _KNOWN
    told = [_side(layout)] if own and split == 'train' else []
    samples = _some_samples(part, layout)
    if samples and layout.dims == 2:
        told.append(_image(samples))
    elif samples:
        poses = [sample['keypoint'] for sample in samples]
        told.append(_unit(poses))
        if own and split == 'train':
            told.append(_bones(poses, layout))
    for found in told:
        if found is not None:
            yield Problem('warning', split, part.file, *found)


def _some_samples(
    part: PartSurvey, layout: SkeletonLayout
) -> list[Mapping[str, Any]]:
    """A few sequences from all over a dataset."""
    fitting = [
        index
        for index, shape in zip(part.indices, part.shapes, strict=True)
        if len(shape) == 4
        and shape[2] == layout.num_joints
        and shape[3] in (layout.dims, 3)
    ]
    if not fitting:
        return []
    places = np.linspace(0, len(fitting) - 1, min(_SHOW, len(fitting)))
    chosen = {fitting[round(place)] for place in places}
    return [part.dataset.get_data_info(index) for index in sorted(chosen)]


def _side(layout: SkeletonLayout) -> tuple[str, str] | None:
    problem = side_problem(layout)
    return problem and (
        f'left and right of the layout {layout.name!r} do not mirror it: '
        f'{problem}.',
        'List the joints of both sides in the same order, or correct inward.',
    )


def _image(samples: list[Mapping[str, Any]]) -> tuple[str, str] | None:
    problem = image_problem(samples)
    return problem and (
        f'{problem}.',
        'Convert the data again with the right --image-size, or choose the '
        'layout and pipeline for 3D.',
    )


def _unit(poses: list[np.ndarray]) -> tuple[str, str] | None:
    problem = unit_problem(poses)
    return problem and (
        f'{problem}.',
        'Convert the data again with --scale (0.001 for millimetres), so '
        'that settings made for metres fit.',
    )


def _bones(
    poses: list[np.ndarray], layout: SkeletonLayout
) -> tuple[str, str] | None:
    found = changing_bones(poses, layout)
    names = layout.joint_names or range(layout.num_joints)
    told = ', '.join(
        f'{names[joint]} - {names[parent]} by {change:.0%}'
        for joint, parent, change in found[:3]
    )
    if not found:
        return None
    return (
        f'the length of some bones changes more than that of the others: '
        f'{told}.',
        f'Correct inward in the layout {layout.name!r} if these joints are '
        'not neighbours; noisy joints look like this, too.',
    )
