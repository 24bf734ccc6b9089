"""Scores as text that a person reads."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from .gait import GaitScores
from .reid import ReIDScores

_POLICY = {'miss': 'counted as misses', 'skip': 'left out'}


def gait_text(scores: GaitScores, matrices: bool = True) -> str:
    """Rank-k by set and probe view, then cell by cell.

    Args:
        scores: The scores.
        matrices: Whether the cells are shown. Defaults to True.
    """
    protocol, heads = scores.protocol, [str(view) for view in scores.views]
    tables = []
    for rank, k in enumerate(protocol.topk):
        title = f'Gait, Rank-{k} in % by probe view'
        table = _table(title, ['', *heads, 'mean'])
        for c, name in enumerate(protocol.probes):
            values = [*scores.by_view[rank, c], scores.by_set[rank, c]]
            table.add_row(name, *map(number, values))
        table.add_section()
        blank = [''] * len(heads)
        table.add_row('mean', *blank, number(scores.overall[rank]))
        tables.append(table)
    if matrices:
        for rank, k in enumerate(protocol.topk):
            for c, name in enumerate(protocol.probes):
                title = f'{name}, Rank-{k} in %, probe view by gallery view'
                table = _table(title, ['', *heads])
                for head, row in zip(
                    heads, scores.cells[rank, c], strict=True
                ):
                    table.add_row(head, *map(number, row))
                tables.append(table)
    identical = 'excluded' if protocol.exclude_identical_view else 'included'
    lines = [
        f'Gallery: {scores.gallery.sum():,} items; identical views '
        f'{identical}; {_unused(scores.unused)}.'
    ]
    for c, name in enumerate(protocol.probes):
        compared = scores.probes[c][:, None] * (scores.gallery > 0)
        compared = (compared * scores.counted).sum()
        lacking = (scores.unmatched[c] * scores.counted).sum()
        lines.append(
            f'{name}: {scores.probes[c].sum():,} probes; {lacking:,} of '
            f'{compared:,} comparisons with the gallery of a view have no '
            f'match and are {_POLICY[protocol.unmatched]}.'
        )
    return _rendered(tables, lines)


def reid_text(scores: ReIDScores) -> str:
    """CMC, mAP and what was left out by setting.

    Args:
        scores: The scores.
    """
    protocol = scores.protocol
    ranks = [f'Rank-{k}' for k in protocol.topk]
    counts = ['probes', 'gallery', 'unmatched', 'excluded pairs']
    table = _table(
        'Re-identification in %', ['probe-gallery', *ranks, 'mAP', *counts]
    )
    for name, score in scores.settings.items():
        table.add_row(
            name,
            *map(number, (*score.cmc, score.mean_ap)),
            *(
                f'{count:,}'
                for count in (
                    score.probes,
                    score.gallery,
                    score.unmatched,
                    score.excluded,
                )
            ),
        )
    same = 'left out' if protocol.exclude_same_sequence else 'kept'
    level = 'videos, means of windows' if protocol.aggregate else 'windows'
    lines = [
        f"Items are {level}; those of the probe's own video are {same}; "
        f'{_unused(scores.unused)}.',
        f'Unmatched probes are {_POLICY[protocol.unmatched]} in Rank-k, and '
        f'left out of mAP.',
    ]
    return _rendered([table], lines)


def number(value: float) -> str:
    """A percentage with two decimals; a dash where it is undefined.

    Args:
        value: Percent, or NaN.
    """
    return '-' if value != value else f'{value:.2f}'


def _unused(count: int) -> str:
    if not count:
        return 'every sample takes part'
    one = 'sample takes' if count == 1 else 'samples take'
    return f'{count:,} {one} no part'


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE, title=title)
    for place, column in enumerate(columns):
        justify = 'right' if place else 'left'
        table.add_column(column, justify=justify, no_wrap=True)
    return table


def _rendered(tables: Iterable[Table], lines: Iterable[str]) -> str:
    """Plain text, of whatever width it takes: a log wraps nothing."""
    file = io.StringIO()
    console = Console(
        file=file, width=10_000, color_system=None, markup=False, emoji=False
    )
    for table in tables:
        # On its own, as a narrow table would wrap it.
        title, table.title = table.title, None
        console.print(title, table)
    # Rules of ASCII, as nobody knows how a log is encoded.
    text = [
        line.rstrip().replace('─', '-')
        for line in file.getvalue().splitlines()
    ]
    return '\n'.join(['', *text, *lines])
