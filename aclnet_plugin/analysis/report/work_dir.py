"""What lies in the work folder of a training."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...evaluation import Predictions, load_predictions
from ...utils.safe_pickle import safe_load
from ..errors import AnalysisError
from ..metrics_file import read_metrics
from .page import PICTURES

_EPOCH = re.compile(r'(epoch|iter)_(\d+)\.pth')


@dataclass(frozen=True)
class WorkDir:
    """Files that a report is made from.

    Args:
        path: The folder.
        config: The config that the Runner wrote; None if there is none.
        checkpoint: The last one; None if there is none.
        tests: Metrics of each test run, and their file; newest last.
        predictions: Files that ``tools/test.py --dump`` may have written.
        outputs: Folders with pictures, as analysis tools make them.
    """

    path: Path
    config: Path | None
    checkpoint: Path | None
    tests: tuple[tuple[Path, dict[str, float]], ...]
    predictions: tuple[Path, ...]
    outputs: tuple[Path, ...]


def look_into(path: Path) -> WorkDir:
    """Find what a report can tell about.

    Args:
        path: Work folder of a training.

    Raises:
        AnalysisError: If it is no folder, or nothing in it is of a training.
    """
    if not path.is_dir():
        raise AnalysisError(
            f'there is no folder {str(path)!r}; give the work folder of a '
            'training, for example work_dirs/NAME'
        )
    found = WorkDir(
        path,
        _newest(path.glob('*.py')),
        last_checkpoint(path),
        tuple(_tests(path)),
        tuple(sorted(path.glob('*.pkl'))),
        tuple(_picture_folders(path)),
    )
    logs = next(path.glob('*/vis_data/*.json'), None)
    if not (found.checkpoint or found.tests or found.outputs or logs):
        raise AnalysisError(
            f'{str(path)!r} has no checkpoint, no log, no result of a test '
            'and no picture; give the work folder of a training'
        )
    return found


def last_checkpoint(path: Path) -> Path | None:
    """The checkpoint of a work folder that was written last.

    Args:
        path: The folder. It may have been moved since, so that only the name
            in ``last_checkpoint`` counts.
    """
    pointer = path / 'last_checkpoint'
    if pointer.is_file():
        named = path / Path(pointer.read_text().strip()).name
        if named.is_file():
            return named
    numbered = [
        (int(match[2]), file)
        for file in path.glob('*.pth')
        if (match := _EPOCH.fullmatch(file.name))
    ]
    return max(numbered)[1] if numbered else _newest(path.glob('*.pth'))


def read_predictions(
    found: WorkDir,
) -> tuple[list[Predictions], list[str]]:
    """Predictions in a work folder.

    Args:
        found: What lies in it.

    Returns:
        The predictions, and why a file that should hold some does not.
        Pickles of something else, such as annotations, are passed over.
    """
    good, bad = [], []
    for path in found.predictions:
        try:
            if isinstance(safe_load(path, tensors=True), dict):
                continue
            good.append(load_predictions(path))
        except Exception as error:
            # One file must not keep the rest from being reported.
            bad.append(f'{path.name} was left out: {error}')
    return good, bad


def _newest(paths: Iterable[Path]) -> Path | None:
    return max(paths, key=lambda path: path.stat().st_mtime, default=None)


def _tests(path: Path) -> Iterator[tuple[Path, dict[str, float]]]:
    """Result files of the Runner: one object, with keys like acc/top1."""
    files = [*path.glob('*.json'), *path.glob('*/*.json')]
    for file in sorted(files, key=lambda file: file.stat().st_mtime):
        metrics = read_metrics(file)
        if metrics:
            yield file, metrics


def _picture_folders(path: Path) -> list[Path]:
    pictures = [
        file for suffix in PICTURES for file in path.rglob(f'*{suffix}')
    ]
    inside = {file.parent.relative_to(path) for file in pictures}
    # The Runner's own folder holds what a Visualizer drew, maybe thousands.
    return sorted(
        path / folder for folder in inside if 'vis_data' not in folder.parts
    )
