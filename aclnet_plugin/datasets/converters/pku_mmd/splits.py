"""Splits of PKU-MMD, phase 1, and what a result has of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ....utils.shown import shown_some
from ..running import Conversion
from .files import read_split
from .protocol import CLASSES, INSTANCES, UNUSABLE, VIDEOS, video_of

FILES = dict(
    xsub=('cross-subject.txt', 'cross_subject.txt'),
    xview=('cross-view.txt', 'cross_view.txt'),
)
"""Names of the split files; both spellings have been published."""


def find_splits(folder: Path) -> dict[str, list[str]]:
    """Read the split files.

    Args:
        folder: Where they are.

    Returns:
        Names of videos under ``xsub_train``, ``xsub_val``, ``xview_train``
        and ``xview_val``.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is unusable.
    """
    found = {}
    for kind, names in FILES.items():
        paths = [folder / name for name in names if (folder / name).is_file()]
        if not paths:
            raise FileNotFoundError(f'There is no {names[0]} in {folder}.')
        halves = read_split(paths[0])
        for half in ('train', 'val'):
            found[f'{kind}_{half}'] = halves[half]
    return found


def summarize(content: dict[str, Any], done: Conversion, folder: Path) -> str:
    """A few lines about a result, compared with complete data.

    Args:
        content: Annotation dict of one or more samples.
        done: What happened besides.
        folder: Where the split files are.
    """
    samples = content['annotations']
    videos = {video_of(sample['frame_dir']) for sample in samples}
    frames = [sample['total_frames'] for sample in samples]
    pairs = sum(len(sample['keypoint']) > 1 for sample in samples)
    rows = len(samples) + done.left_out[UNUSABLE]
    lines = [
        f'{len(videos)} videos (complete: {VIDEOS}), {rows} rows of labels '
        f'(complete: {INSTANCES}), {len({s["label"] for s in samples})} '
        f'classes (complete: {len(CLASSES)})',
        f'{min(frames)} to {max(frames)} frames, mean '
        f'{sum(frames) / len(frames):.1f}; {pairs} sequences with two persons',
    ]
    splits = find_splits(folder)
    for name, wanted in splits.items():
        absent = sorted(set(wanted) - videos)
        if absent:
            lines.append(
                f'WARNING: {name} lists {len(wanted)} videos; '
                f'{len(absent)} gave no sequence: {shown_some(absent)}.'
            )
    for kind in FILES:
        halves = {*splits[f'{kind}_train'], *splits[f'{kind}_val']}
        extra = sorted(videos - halves)
        if extra:
            lines.append(
                f'WARNING: {len(extra)} videos are in neither half of {kind}: '
                f'{shown_some(extra)}.'
            )
    if len(videos) != VIDEOS or rows != INSTANCES:
        lines.append(
            'WARNING: not the published PKU-MMD, phase 1. Results will not '
            'be comparable with published ones.'
        )
    return '\n'.join(lines)
