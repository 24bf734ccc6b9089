"""Names, splits and published numbers of NTU RGB+D 60 and 120."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

_DATA = json.loads(Path(__file__).with_name('ntu_rgbd.json').read_text())

CLASSES: tuple[str, ...] = tuple(_DATA['classes'])
"""Names of the 120 actions; NTU RGB+D 60 has the first 60."""

MISSING: frozenset[str] = frozenset(_DATA['missing_skeletons'])
"""535 samples with missing or incomplete skeletons, 302 of the first 60."""

TRAINING_SUBJECTS: frozenset[int] = frozenset(_DATA['training_subjects'])
"""53 of 106 subjects; the first 20 are those of NTU RGB+D 60."""

NOMINAL: dict[int, dict[str, int]] = {
    60: dict(
        xsub_train=40091,
        xsub_val=16487,
        xview_train=37646,
        xview_val=18932,
    ),
    120: dict(
        xsub_train=63026,
        xsub_val=50919,
        xset_train=54468,
        xset_val=59477,
    ),
}
"""Sizes of the splits of complete data, without the missing skeletons."""

_NAME = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')


class SampleName(NamedTuple):
    """What the name of a sample says, for example ``S001C002P003R002A013``.

    Args:
        setup: Set-up of the cameras, from 1.
        camera: 1 to 3.
        subject: The performer, from 1.
        replication: 1 or 2.
        action: From 1; the label is one less.
    """

    setup: int
    camera: int
    subject: int
    replication: int
    action: int


def parse_name(name: str) -> SampleName | None:
    """Take the name of a file apart.

    Args:
        name: Without suffix.

    Returns:
        ``None`` for any other name.
    """
    match = _NAME.fullmatch(name)
    return SampleName(*map(int, match.groups())) if match else None


def belongs_to(name: SampleName, benchmark: int) -> bool:
    """Whether a sample is part of NTU RGB+D 60 or 120.

    Args:
        name: The sample.
        benchmark: 60 or 120.
    """
    return 1 <= name.action <= benchmark


def make_splits(names: Iterable[str], benchmark: int) -> dict[str, list[str]]:
    """Divide samples into training and validation.

    ``xsub``: by subject. ``xview`` (60 only): cameras 2 and 3 train, camera 1
    validates. ``xset`` (120 only): even set-ups train, odd ones validate.

    Args:
        names: Names of samples, in the order wanted.
        benchmark: 60 or 120.
    """
    splits: dict[str, list[str]] = {key: [] for key in NOMINAL[benchmark]}
    for text in names:
        name = parse_name(text)
        trains = dict(
            xsub=name.subject in TRAINING_SUBJECTS,
            xview=name.camera in (2, 3),
            xset=name.setup % 2 == 0,
        )
        for kind, in_training in trains.items():
            half = f'{kind}_{"train" if in_training else "val"}'
            if half in splits:
                splits[half].append(text)
    return splits


def summarize(content: dict[str, Any], benchmark: int) -> str:
    """A few lines about a result, compared with complete data.

    Args:
        content: Annotation dict of one or more samples.
        benchmark: 60 or 120.
    """
    samples = content['annotations']
    names = [parse_name(sample['frame_dir']) for sample in samples]
    frames = [sample['total_frames'] for sample in samples]
    persons = [len(sample['keypoint']) for sample in samples]
    nominal = NOMINAL[benchmark]
    total = nominal['xsub_train'] + nominal['xsub_val']
    lines = [
        f'{len(samples)} sequences (complete: {total}), '
        f'{len({n.action for n in names})} classes (complete: {benchmark}), '
        f'{len({n.subject for n in names})} subjects, '
        f'{len({n.setup for n in names})} set-ups, '
        f'{len({n.camera for n in names})} cameras',
        f'{min(frames)} to {max(frames)} frames, mean '
        f'{sum(frames) / len(frames):.1f}; '
        f'{sum(count > 1 for count in persons)} sequences with two persons',
    ]
    differ = [
        f'{key} has {len(content["split"][key])} of {count}'
        for key, count in nominal.items()
        if len(content['split'][key]) != count
    ]
    if differ:
        lines.append(
            f'WARNING: not the published NTU RGB+D {benchmark}: '
            f'{", ".join(differ)}. Results will not be comparable with '
            'published ones.'
        )
    return '\n'.join(lines)
