"""What can be wrong with the samples of one dataset."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from ..checks import label_problem
from .expectation import Expectation
from .look_problems import look_problems
from .report import Problem, count_of
from .survey import UNNAMED, PartSurvey

FEW_FRAMES = 5
"""Sequences with less than this are reported."""


def part_problems(
    split: str, part: PartSurvey, expectation: Expectation
) -> Iterator[Problem]:
    """All faults of the samples of a dataset, one problem for each kind.

    Args:
        split: Name of the split.
        part: What was found.
        expectation: What the model demands.
    """
    # Persons to be told apart need not be among those trained on.
    most = None if part.identities else expectation.num_classes
    yield from _label_problems(split, part, most)
    yield from _size_problems(split, part)
    yield from _layout_problems(split, part, expectation)
    yield from _sequence_problems(split, part)
    yield from look_problems(split, part)


def number_of(labels: Iterable[Hashable]) -> Counter:
    """Count labels, without mixing up 1, True and 1.0."""
    counts: Counter = Counter()
    for (_, label), times in Counter(
        (type(label), label) for label in labels
    ).items():
        for one in label if isinstance(label, tuple) else (label,):
            if label_problem(one) is None:
                counts[int(one)] += times
    return counts


def name_some(names: Sequence[str], show: int = 3) -> str:
    """The first few names in quotes, and how many there are besides."""
    text = ', '.join(repr(name) for name in names[:show])
    rest = len(names) - show
    return f'{text} and {rest:,} more' if rest > 0 else text


def _named(part: PartSurvey, places: Sequence[int]) -> str:
    return name_some([part.names[place] for place in places])


def _label_problems(
    split: str, part: PartSurvey, num_classes: int | None
) -> Iterator[Problem]:
    bad = {
        (kind, label)
        for kind, label in {(type(label), label) for label in part.labels}
        if label_problem(label, num_classes) is not None
    }
    if not bad:
        return
    places = [
        place
        for place, label in enumerate(part.labels)
        if (type(label), label) in bad
    ]
    told = '; '.join(
        f'sample {part.names[place]!r} (number {part.indices[place]}) '
        f'{label_problem(part.labels[place], num_classes)}'
        for place in places[:3]
    )
    rest = f'; and {len(places) - 3:,} more' * (len(places) > 3)
    mend = 'Correct the annotation: labels are integers from 0.'
    if all(label_problem(label) is None for _, label in bad):
        needed = max(number_of(label for _, label in bad)) + 1
        mend = (
            f'Set num_classes={needed} of the head if the data has so many '
            f'classes, or correct the annotation.'
        )
    yield Problem('error', split, part.file, f'{told}{rest}.', mend)


def _size_problems(split: str, part: PartSurvey) -> Iterator[Problem]:
    for axis, unit in ((-2, 'joints'), (-1, 'channels')):
        groups = defaultdict(list)
        for place, shape in enumerate(part.shapes):
            if shape:
                groups[shape[axis]].append(place)
        if len(groups) < 2:
            continue
        told = ', '.join(
            f'{size} ({_named(part, places)})'
            for size, places in sorted(
                groups.items(), key=lambda group: -len(group[1])
            )
        )
        yield Problem(
            'error',
            split,
            part.file,
            f'the sequences differ in their number of {unit}: {told}.',
            'A batch needs the same number in all; take the others out of '
            'the split or convert them.',
        )


def _layout_problems(
    split: str, part: PartSurvey, expectation: Expectation
) -> Iterator[Problem]:
    layout = getattr(part.dataset, 'layout', None)
    if layout is None:
        return
    fitting = {layout.num_source_joints, layout.num_joints}
    places = [
        place
        for place, shape in enumerate(part.shapes)
        if shape and shape[-2] not in fitting
    ]
    if places:
        yield Problem(
            'error',
            split,
            part.file,
            f'{count_of(len(places), "sequence")} '
            f'({_named(part, places)}) without the {layout.num_joints} '
            f'joints of the layout {layout.name!r} of the dataset, with '
            f'{part.shapes[places[0]][-2]}.',
            'Choose the layout that the annotation was made with.',
        )
    other = expectation.layout
    if (
        other not in (None, 'custom', layout.name)
        and layout.name != 'custom'
        and layout.num_joints == expectation.joints
    ):
        yield Problem(
            'warning',
            split,
            part.file,
            f'the dataset has the layout {layout.name!r}, the graph of the '
            f'backbone {other!r}: as many joints, but not the same ones.',
            'Use the same layout in dataset, pipeline and graph_cfg.',
        )


def _sequence_problems(split: str, part: PartSurvey) -> Iterator[Problem]:
    def warn(places: Sequence[int], what: str, mend: str) -> Iterator[Problem]:
        if places:
            number = count_of(len(places), 'sequence')
            told = f'{number} {what}: {_named(part, places)}.'
            yield Problem('warning', split, part.file, told, mend)

    yield from warn(
        [p for p, n in enumerate(part.frames) if 0 < n < FEW_FRAMES],
        f'with fewer than {FEW_FRAMES} frames',
        'Frames are repeated to fill a clip; take such sequences out if '
        'they are cut wrongly.',
    )
    yield from warn(
        part.blank,
        'with key points that are all zero',
        'Nothing can be learned from them; take them out of the split.',
    )
    yield from warn(
        _repeated(part.names),
        'with a name that occurs before',
        'Names should be unique, because the splits refer to them.',
    )


def _repeated(names: Sequence[Any]) -> list[int]:
    """Places at which a name occurs again."""
    if len(set(names)) == len(names):
        return []
    seen: set = set()
    places = []
    for place, name in enumerate(names):
        if name in seen and name != UNNAMED:
            places.append(place)
        seen.add(name)
    return places
