"""A comparison as Markdown, which is also read without a viewer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def as_markdown(
    report: dict[str, Any], top: int = 5, pictures: Sequence[str] = ()
) -> str:
    """Write a report.

    Args:
        report: See :func:`.report.make_report`.
        top: Classes with the largest gains, and losses, that are listed.
            Defaults to 5.
        pictures: Their file names, beside the text. Defaults to none.
    """
    return '\n'.join([*_lines(report, top, pictures), ''])


def _lines(
    report: dict[str, Any], top: int, pictures: Sequence[str]
) -> Iterator[str]:
    unit = f' ({report["unit"]})' if report['unit'] else ''
    yield '# Comparison'
    yield ''
    yield (
        f'{report["metric"]}{unit}, {report["protocol"]}, mean ± standard '
        f'deviation over seeds. Differences are paired by seed, with '
        f'{100 * report["level"]:g} % intervals.'
    )
    yield from _compared(report)
    for one in report['series']:
        yield from _series(one)
    yield ''
    yield report['worth']
    yield _chance(report)
    if pictures:
        yield ''
        yield from (f'![points by seed]({name})' for name in pictures)
    yield from _classes(report, top)
    yield from _cost(report)
    if report['notes']:
        yield from ('', '## Notes', '')
        yield from (f'- {note}' for note in report['notes'])
    yield from ('', '## Made with', '')
    for one in report['circumstances']:
        yield '- ' + ', '.join(f'{k} {v}' for k, v in one.items())


def _compared(report: dict[str, Any]) -> Iterator[str]:
    yield from ('', '## What differs', '')
    for one in report['differences']:
        yield f'- {one["pair"]}: {one["compared"] or "nothing in the config"}'
        for group, lines in one['keys'].items():
            yield from (f'  - {group}: `{_cell(line)}`' for line in lines[:8])
            if len(lines) > 8:
                yield f'  - {group}: and {len(lines) - 8} more'


def _series(one: dict[str, Any]) -> Iterator[str]:
    yield from ('', f'## {one["name"][0].upper()}{one["name"][1:]}', '')
    seeds = list(
        dict.fromkeys(s for arm in one['arms'] for s in arm['values'])
    )
    yield from table(
        ['arm', 'mean ± sd', *(f'seed {seed}' for seed in seeds)],
        [
            [
                arm['name'],
                mean_text(arm),
                *(number(arm['values'].get(seed)) for seed in seeds),
            ]
            for arm in one['arms']
        ],
    )
    yield ''
    yield from table(
        ['against', 'arm', 'difference', 't interval', 'bootstrap', 'p',
         'p (Holm)', 'seeds'],
        [
            [
                pair['before'],
                pair['after'],
                number(pair['mean'], True),
                interval(pair['low'], pair['high']),
                interval(pair['boot_low'], pair['boot_high']),
                p_text(pair['p']),
                p_text(pair['p_holm']),
                str(len(pair['differences'])),
            ]
            for pair in one['pairs']
        ],
    )  # fmt: skip


def _chance(report: dict[str, Any]) -> str:
    pairs = [
        p for s in report['series'] for p in s['pairs'] if p['low'] is not None
    ]
    clear = sum(pair['clear'] for pair in pairs)
    expected = (1 - report['level']) * len(pairs)
    return (
        f'Of {len(pairs)} t intervals {clear} leave 0 out; were there no '
        f'differences, about {expected:.1f} would. p (Holm) takes all of '
        f'them into account.'
    )


def _classes(report: dict[str, Any], top: int) -> Iterator[str]:
    if not report['classes']:
        return
    yield from ('', '## Classes', '')
    yield (
        'Intervals of classes are a paired bootstrap over the tested '
        'samples; they do not tell how far a difference depends on the seed.'
    )
    for one in report['classes']:
        stream = f', stream {one["stream"]}' if one['stream'] else ''
        yield from ('', f'### {one["pair"]}{stream}', '')
        rows, note = extremes(one['classes'], top)
        yield from table(
            ['class', 'samples', 'before', 'after', 'difference', 'interval'],
            [
                [
                    row['name'],
                    str(row['samples']),
                    number(row['before']),
                    number(row['after']),
                    number(row['difference'], True),
                    interval(row['low'], row['high']),
                ]
                for row in rows
            ],
        )
        yield ''
        yield (
            f'{note}{one["clear"]} of {len(one["classes"])} intervals leave 0 '
            f'out, by chance alone about {one["by_chance"]:.1f} would.'
        )


def extremes(rows: Sequence[Any], top: int) -> tuple[list[Any], str]:
    """The first and the last of sorted rows.

    Args:
        rows: The largest first.
        top: How many of either side.

    Returns:
        Some rows, and what is missing in between.
    """
    if len(rows) <= 2 * top:
        return list(rows), ''
    rest = len(rows) - 2 * top
    return [*rows[:top], *rows[-top:]], f'{rest} in between are left out. '


def _cost(report: dict[str, Any]) -> Iterator[str]:
    yield from ('', '## Cost of a training', '')
    yield from table(
        ['arm', 'parameters', 'minutes', 'GPU memory (MB)'],
        [
            [
                arm['name'],
                f'{arm["parameters"]:,}',
                number(arm['minutes']),
                '-' if arm['memory'] is None else str(arm['memory']),
            ]
            for arm in report['arms']
        ],
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, its columns of equal width.

    Args:
        header: Titles.
        rows: Cells.
    """
    cells = [[_cell(one) for one in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        '| '
        + ' | '.join(c.ljust(w) for c, w in zip(row, widths, strict=True))
        + ' |'
        for row in cells
    ]
    rule = '|' + '|'.join('-' * (width + 2) for width in widths) + '|'
    return [lines[0], rule, *lines[1:]]


def mean_text(arm: dict[str, Any]) -> str:
    """Mean and standard deviation.

    Args:
        arm: Of a series of the report.
    """
    text = number(arm['mean'])
    return text if arm['spread'] is None else f'{text} ± {arm["spread"]:.2f}'


def number(value: float | None, signed: bool = False) -> str:
    """A number, or a dash.

    Args:
        value: The number.
        signed: With its sign, also if it is positive.
    """
    if value is None:
        return '-'
    return f'{value:+.2f}' if signed else f'{value:.2f}'


def interval(low: float | None, high: float | None) -> str:
    """An interval, or a dash.

    Args:
        low: Its lower end.
        high: Its upper end.
    """
    if low is None or high is None:
        return '-'
    return f'[{low:+.2f}, {high:+.2f}]'


def p_text(p: float | None) -> str:
    """A p value, or a dash.

    Args:
        p: The value.
    """
    if p is None:
        return '-'
    return '<0.001' if p < 0.001 else f'{p:.3f}'


def _cell(text: str) -> str:
    return ' '.join(str(text).split()).replace('|', '\\|')
