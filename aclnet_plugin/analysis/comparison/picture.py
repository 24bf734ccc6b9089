"""Pictures of a comparison: one for each base, and stream or fusion."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...visualization.compare_plot import plot_comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_all(report: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Draw a report.

    Args:
        report: See :func:`.report.make_report`.

    Yields:
        Stems of file names, and pictures; none for what has no value yet.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    drawn = []
    for one in report['series']:
        for base in dict.fromkeys(pair['before'] for pair in one['pairs']):
            pairs = [pair for pair in one['pairs'] if pair['before'] == base]
            figure = _draw(report, one, base, pairs)
            if figure is not None:
                drawn.append((one['name'], base, figure))
    bases = {base for _, base, _ in drawn}
    names = {name for name, _, _ in drawn}
    for name, base, figure in drawn:
        parts = ['compare']
        parts += [name] if len(names) > 1 else []
        parts += [base] if len(bases) > 1 else []
        yield re.sub(r'[^A-Za-z0-9.=_]+', '-', '-'.join(parts)), figure


def _draw(
    report: dict[str, Any],
    series: dict[str, Any],
    base: str,
    pairs: list[dict[str, Any]],
) -> Figure | None:
    by_name = {arm['name']: arm for arm in series['arms']}
    names = [base, *(pair['after'] for pair in pairs)]
    values = [
        {int(seed): v for seed, v in by_name[name]['values'].items()}
        for name in names
    ]
    if not any(values):
        return None
    unit = f' ({report["unit"]})' if report['unit'] else ''
    return plot_comparison(
        names,
        values,
        [None, *map(_interval, pairs)],
        f'{report["metric"]}{unit}',
        bootstrap=[None, *map(_band, pairs)],
        title=f'Compared with {base}'
        + ('' if series['name'] == 'own stream' else f', {series["name"]}'),
        subtitle=f'{report["protocol"]}; mean ± standard deviation (seeds)\n'
        f"{100 * report['level']:g} % intervals: line Student's t, "
        f'band bootstrap over seeds',
    )


def _interval(pair: dict[str, Any]) -> tuple[float, float, float] | None:
    if pair['mean'] is None:
        return None
    if pair['low'] is None:
        return pair['mean'], math.nan, math.nan
    return pair['mean'], pair['low'], pair['high']


def _band(pair: dict[str, Any]) -> tuple[float, float] | None:
    if pair['boot_low'] is None:
        return None
    return pair['boot_low'], pair['boot_high']
