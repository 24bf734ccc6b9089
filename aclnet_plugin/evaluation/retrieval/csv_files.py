"""Scores as CSV files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...utils.atomic import atomic_writer
from ...utils.csv_text import csv_text
from .gait import GaitScores
from .reid import ReIDScores


def write_gait(
    scores: GaitScores, folder: str | os.PathLike[str], prefix: str = 'gait'
) -> list[Path]:
    """Write ``<prefix>_views.csv`` and ``<prefix>_cells.csv``.

    Args:
        scores: The scores.
        folder: Created if needed.
        prefix: Of the files' names. Defaults to ``'gait'``.

    Returns:
        The files written.

    Raises:
        OSError: If they cannot be written.
    """
    protocol = scores.protocol
    views = [['probes', 'rank', *map(str, scores.views), 'mean']]
    cells = [
        ['probes', 'rank', 'probe_view', 'gallery_view', 'percent',
         'num_probes', 'num_gallery', 'num_unmatched', 'in_mean'],
    ]  # fmt: skip
    for rank, k in enumerate(protocol.topk):
        for c, name in enumerate(protocol.probes):
            means = [*scores.by_view[rank, c], scores.by_set[rank, c]]
            views.append([name, k, *map(_cell, means)])
            for p, probe_view in enumerate(scores.views):
                cells += [
                    [
                        name, k, probe_view, gallery_view,
                        _cell(scores.cells[rank, c, p, g]),
                        scores.probes[c, p], scores.gallery[g],
                        scores.unmatched[c, p, g],
                        int(scores.counted[p, g]),
                    ]
                    for g, gallery_view in enumerate(scores.views)
                ]  # fmt: skip
        blank = [''] * len(scores.views)
        views.append(['mean', k, *blank, _cell(scores.overall[rank])])
    folder = Path(folder)
    return [
        _written(folder / f'{prefix}_views.csv', views),
        _written(folder / f'{prefix}_cells.csv', cells),
    ]


def write_reid(
    scores: ReIDScores, folder: str | os.PathLike[str], prefix: str = 'reid'
) -> list[Path]:
    """Write ``<prefix>_settings.csv``.

    Args:
        scores: The scores.
        folder: Created if needed.
        prefix: Of the file's name. Defaults to ``'reid'``.

    Returns:
        The files written.

    Raises:
        OSError: If it cannot be written.
    """
    ranks = [f'rank{k}' for k in scores.protocol.topk]
    counts = ['num_probes', 'num_gallery', 'num_unmatched', 'excluded_pairs']
    rows = [['setting', *ranks, 'mAP', *counts]]
    for name, score in scores.settings.items():
        values = map(_cell, (*score.cmc, score.mean_ap))
        rows.append(
            [name, *values, score.probes, score.gallery, score.unmatched,
             score.excluded]
        )  # fmt: skip
    return [_written(Path(folder) / f'{prefix}_settings.csv', rows)]


def _cell(value: float) -> str:
    """All digits; nothing where it is undefined."""
    return '' if value != value else repr(float(value))


def _written(path: Path, rows: Iterable[list]) -> Path:
    with atomic_writer(path) as file:
        file.write(csv_text(rows).encode())
    return path
