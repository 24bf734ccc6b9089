"""Pictures of a comparison: of each base, by stream, and of all streams."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...visualization.compare_plot import plot_comparison
from ...visualization.streams_plot import plot_streams

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
        yield _stem(parts), figure
    if len(names) > 1:
        yield from _draw_streams(report)


def _stem(parts: list[str]) -> str:
    return re.sub(r'[^A-Za-z0-9.=_]+', '-', '-'.join(parts))


def _draw_streams(report: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Each pair over all streams and fusions."""
    series = report['series']
    pairs = [(one['before'], one['after']) for one in series[0]['pairs']]
    for place, arms in enumerate(pairs):
        values = [tuple(_values(one, arm) for arm in arms) for one in series]
        if not any(some for both in values for some in both):
            continue
        parts = ['compare', 'streams', *(arms if len(pairs) > 1 else ())]
        yield (
            _stem(parts),
            plot_streams(
                [one['name'].removeprefix('stream ') for one in series],
                arms,
                values,
                [_interval(one['pairs'][place]) for one in series],
                _metric(report),
                title=f'{arms[1]} compared with {arms[0]}, by stream',
                subtitle=f'{report["protocol"]}\n{100 * report["level"]:g} % '
                f"intervals: Student's t",
            ),
        )


def _draw(
    report: dict[str, Any],
    series: dict[str, Any],
    base: str,
    pairs: list[dict[str, Any]],
) -> Figure | None:
    names = [base, *(pair['after'] for pair in pairs)]
    values = [_values(series, name) for name in names]
    if not any(values):
        return None
    return plot_comparison(
        names,
        values,
        [None, *map(_interval, pairs)],
        _metric(report),
        bootstrap=[None, *map(_band, pairs)],
        title=f'Compared with {base}'
        + ('' if series['name'] == 'own stream' else f', {series["name"]}'),
        subtitle=f'{report["protocol"]}; mean ± standard deviation (seeds)\n'
        f"{100 * report['level']:g} % intervals: line Student's t, "
        f'band bootstrap over seeds',
    )


def _values(series: dict[str, Any], name: str) -> dict[int, float]:
    arm = next(arm for arm in series['arms'] if arm['name'] == name)
    return {int(seed): value for seed, value in arm['values'].items()}


def _metric(report: dict[str, Any]) -> str:
    unit = f' ({report["unit"]})' if report['unit'] else ''
    return f'{report["metric"]}{unit}'


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
