"""Cut the long videos of PKU-MMD, phase 1, into one sample per action.

A clip has the frames ``start`` to ``end`` of the skeleton file, counted from
0, without ``end`` itself. (The data set does not say how it counts. Common
converters cut so; others include ``end``.) Rows that cannot be cut are no
reason to drop the rest of a video: each is reported with file and line.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ....utils.shown import shown_some
from ..outcomes import BadFile
from ..running import Conversion, convert_all
from .files import Instance, read_labels, read_skeletons
from .protocol import CLASSES, UNUSABLE, is_video, video_of
from .splits import find_splits

PART_SIZE = 20
"""Videos after which an interrupted conversion goes on."""


def convert_video(
    skeletons: Path, labels: Path, dtype: str, on_error: str
) -> list[dict[str, Any]]:
    """Cut one video.

    Args:
        skeletons: Skeleton file.
        labels: Folder with the label file of the same name.
        dtype: Of the coordinates.
        on_error: ``'stop'`` or ``'skip'``, for rows that cannot be cut.

    Returns:
        Samples with ``keypoint`` ``(M, T, 25, 3)``; M is 1 or 2, bodies that
        are 0 throughout the clip do not count. A row that was skipped is a
        dict with ``skipped``, a sentence.

    Raises:
        BadFile: If a file is damaged, or a row unless they are skipped.
    """
    instances, problems = read_labels(labels / skeletons.name)
    frames = read_skeletons(skeletons)
    samples: list[dict[str, Any]] = []
    for instance in instances:
        clip = frames[instance.start : instance.end]
        persons = np.flatnonzero(clip.any(axis=(0, 2, 3)))
        where = f'{labels / skeletons.name}, line {instance.line}'
        if instance.end > len(frames):
            problems.append(
                f'{where}: the action ends with frame {instance.end}, but '
                f'{skeletons} has {len(frames)} frames.'
            )
        elif not len(persons):
            problems.append(
                f'{where}: nobody is in frames {instance.start} to '
                f'{instance.end} of {skeletons}.'
            )
        else:
            samples.append(
                dict(
                    frame_dir=_name(skeletons.stem, instance),
                    label=instance.label,
                    total_frames=len(clip),
                    keypoint=clip.transpose(1, 0, 2, 3)[persons].astype(
                        dtype, order='C'
                    ),
                )
            )
    if problems and on_error == 'stop':
        raise BadFile(problems[0])
    return samples + [dict(skipped=problem) for problem in problems]


def convert(
    skeletons: Path,
    labels: Path,
    splits: Path,
    dtype: str = 'float16',
    on_error: str = 'stop',
    **options: Any,
) -> tuple[dict[str, Any], Conversion]:
    """Cut all videos.

    Args:
        skeletons: Folder of the skeleton files.
        labels: Folder of the label files.
        splits: Folder of the split files.
        dtype: Of the coordinates. Defaults to ``'float16'``.
        on_error: ``'stop'`` or ``'skip'``.
        **options: Of :func:`.running.convert_all`.

    Returns:
        The annotation dict, and what happened besides.

    Raises:
        BadFile: At the first damaged file or row, unless they are skipped.
        ValueError: If there is nothing to convert, or a split is unusable.
    """
    videos = _find_videos(skeletons)
    _find_videos(labels)
    halves = find_splits(splits)
    done = convert_all(
        videos,
        partial(convert_video, labels=labels, dtype=dtype, on_error=on_error),
        on_error=on_error,
        settings=f'PKU-MMD {dtype} {_digest(labels)}',
        part_size=PART_SIZE,
        **options,
    )
    skipped = [s['skipped'] for s in done.samples if 'skipped' in s]
    if skipped and on_error == 'stop':
        # From an earlier attempt that skipped them.
        raise BadFile(skipped[0])
    done.samples = [s for s in done.samples if 'skipped' not in s]
    done.problems += skipped
    if skipped:
        done.left_out[UNUSABLE] += len(skipped)
    if not done.samples:
        raise ValueError(f'{skeletons} and {labels} give no usable action.')
    names = [sample['frame_dir'] for sample in done.samples]
    return dict(
        split={
            split: _from_videos(names, set(wanted))
            for split, wanted in halves.items()
        },
        annotations=done.samples,
        classes=list(CLASSES),
    ), done


def _name(video: str, instance: Instance) -> str:
    """Name of a clip, for example ``0002-L_00075_00191_A21``."""
    frames = f'{instance.start:05d}_{instance.end:05d}'
    return f'{video}_{frames}_A{instance.label + 1:02d}'


def _from_videos(clips: list[str], videos: set[str]) -> list[str]:
    return [clip for clip in clips if video_of(clip) in videos]


def _find_videos(folder: Path) -> list[Path]:
    """Files of videos in a folder, sorted by name."""
    if not folder.is_dir():
        raise FileNotFoundError(f'There is no folder {folder}.')
    files = sorted(path for path in folder.glob('*.txt'))
    videos = [path for path in files if is_video(path.stem)]
    if not videos:
        found = f', but {shown_some([p.name for p in files])}' * bool(files)
        raise ValueError(
            f'{folder} has no file like 0002-L.txt{found}; give the folder '
            'of the text files of phase 1, unpacked.'
        )
    return videos


def _digest(labels: Path) -> str:
    """Names the content of all label files."""
    digest = hashlib.sha256()
    for path in sorted(labels.glob('*.txt')):
        digest.update(f'{path.name} '.encode() + path.read_bytes())
    return digest.hexdigest()
