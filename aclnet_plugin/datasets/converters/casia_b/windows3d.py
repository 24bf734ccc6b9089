"""Read the 3D windows of 14 joints that TranSG and SGELA train on.

``CASIA_B_match/F`` has a folder for training and, for each condition, one
for tests; F is the length of the windows. Coordinates are in three files,
one for each axis, the numbers of the persons in a fourth. Pickled
dictionaries that repeat these numbers (``ids_*.npy``) are not opened.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from ....utils.shown import shown_some
from ..outcomes import BadFile
from ..running import Conversion
from .protocol import WALKS
from .window_files import TRAIN_FOLDER, read_part

PARTS = ('train', *WALKS)
"""Folders: one for training, and one for each condition for tests."""

_X_FILE = re.compile(r'source_x_CASIA_B_(\d+)\.npy', re.ASCII)


def convert_windows(
    folder: Path,
    length: int | None = None,
    on_error: str = 'stop',
    quiet: bool = False,
) -> tuple[dict[str, Any], Conversion]:
    """Read all windows.

    Args:
        folder: The one with ``CASIA_B_train_npy_data`` in it.
        length: Of the windows. Defaults to what the files are named after.
        on_error: ``'stop'`` or ``'skip'`` a part, or a window, that cannot
            be used.
        quiet: Whether to leave out the progress bar. Defaults to False.

    Returns:
        The annotation dict with the splits ``reid_train`` and ``reid_test``,
        and what has been left out.

    Raises:
        BadFile: At the first fault, unless it is skipped.
        ValueError: If nothing can be converted.
    """
    length = find_length(folder) if length is None else length
    done = Conversion()
    parts = {}
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(console=console, disable=hidden, transient=True) as bar:
        for part in bar.track(PARTS, description='reading'):
            try:
                parts[part] = read_part(folder, part, length, done, on_error)
            except BadFile as error:
                if on_error == 'stop':
                    raise
                done.problems.append(str(error))
    labels = label_table(parts)
    for part, (windows, persons, places) in parts.items():
        done.samples += [
            dict(
                frame_dir=f'{part}-{place:06d}',
                label=labels[person],
                keypoint=window[None],
                total_frames=length,
                subject=person,
                condition='na' if part == 'train' else part,
                seq=-1,
                view=-1,
            )
            for window, person, place in zip(
                windows, persons.tolist(), places.tolist(), strict=True
            )
        ]
    if not done.samples:
        told = f' ({done.problems[0]})' if done.problems else ''
        raise ValueError(f'{folder} has no usable window{told}.')
    split: dict[str, list[str]] = dict(reid_train=[], reid_test=[])
    for sample in done.samples:
        test = sample['condition'] != 'na'
        split['reid_test' if test else 'reid_train'].append(
            sample['frame_dir']
        )
    return dict(split=split, annotations=done.samples), done


def label_table(parts: dict[str, Any]) -> dict[int, int]:
    """Labels of the persons: those of training first, in their order.

    Args:
        parts: For each part a tuple with the persons as second entry.
    """
    persons = {part: set(read[1].tolist()) for part, read in parts.items()}
    train = persons.pop('train', set())
    others = set().union(*persons.values()) - train
    ranked = sorted(train) + sorted(others)
    return {person: label for label, person in enumerate(ranked)}


def find_length(folder: Path) -> int:
    """The length that the files of a folder are named after.

    Args:
        folder: The one with ``CASIA_B_train_npy_data`` in it.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it does not have the files of one length.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'There is no folder {folder}.')
    names = sorted(path.name for path in (folder / TRAIN_FOLDER).glob('*.npy'))
    found = [int(m[1]) for m in map(_X_FILE.fullmatch, names) if m]
    if len(found) == 1:
        return found[0]
    if found:
        lengths = ', '.join(map(str, sorted(found)))
        raise ValueError(
            f'{folder} has windows of {lengths} frames; choose with --length.'
        )
    inner = sorted(
        path.parent.name for path in folder.glob(f'*/{TRAIN_FOLDER}')
    )
    advice = (
        f'choose one of the folders in it: {shown_some(inner, 9)}'
        if inner
        else 'give the folder CASIA_B_match/40, unpacked'
    )
    raise ValueError(
        f'{folder} has no {TRAIN_FOLDER}/source_x_CASIA_B_40.npy (or another '
        f'length); {advice}.'
    )


def summarize_windows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Count windows and persons of each part.

    Args:
        content: Annotation dict of :func:`convert_windows`.

    Returns:
        A row for each part: ``split``, ``condition``, ``windows``,
        ``persons``, ``fewest`` and ``most`` windows of a person.
    """
    tables: dict[tuple[str, str], dict[int, int]] = {}
    for sample in content['annotations']:
        condition = sample['condition']
        split = 'reid_train' if condition == 'na' else 'reid_test'
        table = tables.setdefault((split, condition), {})
        person = sample['subject']
        table[person] = table.get(person, 0) + 1
    return [
        dict(
            split=split,
            condition=condition,
            windows=sum(table.values()),
            persons=len(table),
            fewest=min(table.values()),
            most=max(table.values()),
        )
        for (split, condition), table in tables.items()
    ]
