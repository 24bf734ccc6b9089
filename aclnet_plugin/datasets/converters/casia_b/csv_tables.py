"""From tables of key points to walks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from ..outcomes import BadFile
from ..running import Conversion
from .csv_rows import Rows, read_rows
from .protocol import Walk
from .samples import JOINTS, first_fault, good_frames, make_sample
from .told import Told

UNREADABLE = 'rows that have not 51 numbers'
REPEATED = 'rows of a frame that comes again; the last one is kept'
STRANGE = 'rows of walks that there cannot be'


def convert_tables(
    paths: Sequence[Path], on_error: str = 'stop', quiet: bool = False
) -> Conversion:
    """Read the walks of several tables.

    Rows that have not 51 numbers are always left out and told, as the
    protocol has it; what else is wrong is an error, unless it is skipped.

    Args:
        paths: The tables.
        on_error: ``'stop'`` or ``'skip'`` a table that is none, a walk that
            there cannot be, and a walk that an earlier table had.
        quiet: Whether to leave out the progress bar. Defaults to False.

    Returns:
        The walks in the order of their names, and what has been left out.

    Raises:
        BadFile: At the first fault, unless it is skipped.
        FileNotFoundError: If there is no such table.
        ValueError: If a table is given twice, or no walk is found.
    """
    _check_paths(paths)
    done = Conversion()
    owner: dict[Walk, Path] = {}
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(console=console, disable=hidden, transient=True) as bar:
        sizes = sum(path.stat().st_size for path in paths)
        task = bar.add_task('reading', total=sizes)
        for path in paths:
            try:
                found = _read_table(
                    path, done, on_error, lambda size: bar.advance(task, size)
                )
                for walk, sample in found.items():
                    _take(walk, sample, path, owner, done, on_error)
            except BadFile as error:
                if on_error == 'stop':
                    raise
                done.problems.append(str(error))
    if not done.samples:
        told = f' ({done.problems[0]})' if done.problems else ''
        raise ValueError(f'no walk was found{told}.')
    done.samples.sort(key=lambda sample: sample['frame_dir'])
    return done


def _check_paths(paths: Sequence[Path]) -> None:
    seen: set[str] = set()
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f'There is no file {path}.')
        real = os.path.realpath(path)
        if real in seen:
            raise ValueError(f'{path} is given twice.')
        seen.add(real)


def _read_table(
    path: Path,
    done: Conversion,
    on_error: str,
    advance: Callable[[int], None],
) -> dict[Walk, dict[str, Any]]:
    unreadable = Told(f'rows of {path} that have not 51 numbers')
    repeated = Told(f'rows of {path} with a frame that comes again')
    strange = Told(f'rows of {path} with walks that there cannot be')
    samples = {}
    found = read_rows(path, unreadable, strange, on_error, advance)
    for walk, rows in found.items():
        sample = _sample(walk, rows, path, unreadable, repeated)
        if sample is not None:
            samples[walk] = sample
    kinds = {UNREADABLE: unreadable, REPEATED: repeated, STRANGE: strange}
    if not samples:
        first = [told.sentences()[0] for told in kinds.values() if told.total]
        raise BadFile(
            f'{path} has no usable row'
            + (f'; the first fault is: {first[0]}.' if first else '.')
        )
    for reason, told in kinds.items():
        done.problems += told.sentences()
        if told.total:
            done.left_out[reason] += told.total
    return samples


def _sample(
    walk: Walk, rows: Rows, path: Path, unreadable: Told, repeated: Told
) -> dict[str, Any] | None:
    """The annotation of a walk; ``None`` if no row of it can be used."""
    pose = np.frombuffer(rows.values, np.float32).reshape(-1, len(JOINTS), 3)
    frames = np.frombuffer(rows.frames, np.int64)
    lines = np.frombuffer(rows.lines, np.int64)
    good = good_frames(pose)
    for place in np.flatnonzero(~good):
        unreadable.add(
            f'{path}, line {lines[place]}: {first_fault(pose[place])}'
        )
    pose, frames, lines = pose[good], frames[good], lines[good]
    if not len(pose):
        return None
    order = np.argsort(frames, kind='stable')
    # Rows of the same frame keep the order of the file, the last one stays.
    last = np.append(frames[order[1:]] != frames[order[:-1]], True)
    for at in np.flatnonzero(~last):
        repeated.add(
            f'{path}, line {lines[order[at]]}: frame {frames[order[at]]} of '
            f'{walk.name} comes again in line {lines[order[at + 1]]}'
        )
    kept = order[last]
    return make_sample(walk, pose[kept], frames[kept])


def _take(
    walk: Walk,
    sample: dict[str, Any],
    path: Path,
    owner: dict[Walk, Path],
    done: Conversion,
    on_error: str,
) -> None:
    if walk not in owner:
        owner[walk] = path
        done.samples.append(sample)
        return
    problem = (
        f'{path}: {walk.name} is in {owner[walk]}, too. Give tables that '
        'have no walk in common, for example casia-b_pose_coco.csv alone'
    )
    if on_error == 'stop':
        raise BadFile(f'{problem}.')
    done.problems.append(f'{path}: {walk.name}, which {owner[walk]} has, too')
