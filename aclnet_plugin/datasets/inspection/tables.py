"""The report as text to look at: tables with bars, then what to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from .report import DataReport, Problem, SplitSummary, length_histogram, spread

_MAX_CLASSES = 40
_ENDS = 15  # of each end, if there are more classes
_BAR = 24
_STYLES = {'error': 'bold red', 'warning': 'yellow', 'info': 'cyan'}


def print_report(console: Console, report: DataReport) -> None:
    """Print everything that a report knows.

    Args:
        console: Where to; its width is kept, at 80 columns too.
        report: The report.
    """
    splits = report.splits
    block = '#' if console.options.ascii_only else '█'
    if splits:
        console.print(_totals(splits))
        learned = [split for split in splits if not split.identity_counts]
        if learned:
            console.print(_classes(learned, block))
        console.print(_lengths(splits, block))
    console.print(_problems(report))


def _totals(splits: Sequence[SplitSummary]) -> RenderableType:
    rows = {
        'sequences': lambda s: f'{s.sequences:,}',
        'in an epoch': lambda s: f'{s.drawn:,}',
        'classes': lambda s: f'{len(s.class_counts):,}',
        'identities': lambda s: f'{len(s.identity_counts):,}',
        'persons': lambda s: _range(s.persons),
        'joints': lambda s: _range(s.joints),
        'channels': lambda s: _range(s.channels),
        'type': lambda s: ', '.join(s.dtypes) or '-',
        'frames': lambda s: _range(s.lengths),
        'median': lambda s: f'{s.length_range()[1]:g}' if s.lengths else '-',
    }
    if not any(split.identity_counts for split in splits):
        del rows['identities']
    table = _table('Totals', '', [split.name for split in splits])
    for name, value in rows.items():
        table.add_row(name, *map(value, splits))
    files = [
        Text(f'{split.name}: {file}', overflow='fold')
        for split in splits
        for file in split.files
    ]
    return Group(table, '', *files, '')


def _classes(splits: Sequence[SplitSummary], block: str) -> RenderableType:
    names = next((s.class_names for s in splits if s.class_names), ())
    labels = {label for split in splits for label in split.class_counts}
    counts = splits[0].class_counts
    order = sorted(labels, key=lambda label: (-counts.get(label, 0), label))
    rows = [
        (
            f'{label} {names[label]}' if label < len(names) else str(label),
            [split.class_counts.get(label, 0) for split in splits],
        )
        for label in order
    ]
    if len(rows) > _MAX_CLASSES:
        between = f'... {len(rows) - 2 * _ENDS} classes between'
        rows = [*rows[:_ENDS], (between, None), *rows[-_ENDS:]]
    return _bars('Sequences per class', 'class', splits, rows, block)


def _lengths(splits: Sequence[SplitSummary], block: str) -> RenderableType:
    rows = [
        (spread(first, last), counts)
        for first, last, counts in length_histogram(splits)
    ]
    return _bars('Length of the sequences', 'frames', splits, rows, block)


def _bars(
    title: str,
    first: str,
    splits: Sequence[SplitSummary],
    rows: Sequence[tuple[str, Sequence[int] | None]],
    block: str,
) -> RenderableType:
    """A table whose last column draws the numbers of the first split."""
    names = [split.name for split in splits]
    table = _table(title, first, [*names, names[0]])
    table.columns[-1].justify = 'left'
    table.columns[-1].header = f'(bars: {names[0]})'
    most = max((counts[0] for _, counts in rows if counts), default=0)
    for name, counts in rows:
        if counts is None:
            table.add_row(Text(name, style='dim'))
            continue
        width = round(_BAR * counts[0] / most) if most else 0
        # Even a single sequence is something to see.
        bar = block * max(width, counts[0] > 0)
        cells = (_count(count) for count in counts)
        table.add_row(Text(name), *cells, Text(bar, style='blue'))
    return Group(table, '')


def _problems(report: DataReport) -> RenderableType:
    found = report.of('error', 'warning', 'info')
    if not found:
        return Text('Nothing is wrong with this data.', style='bold green')
    parts: list[RenderableType] = [
        Text('What is wrong and how to mend it', style='bold')
    ]
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in found:
        # The same fault in train, val and test is one thing to mend.
        groups.setdefault((problem.severity, problem.what), []).append(problem)
    for (severity, what), alike in groups.items():
        text = Text(severity, style=_STYLES[severity], overflow='fold')
        where = ', '.join(dict.fromkeys(problem.where for problem in alike))
        text.append(f' {where}: {what}', style='not bold')
        parts.append(text)
        remedy = Table.grid(padding=(0, 1))
        mend = ' '.join(dict.fromkeys(problem.mend for problem in alike))
        remedy.add_row('  ->', Text(mend, overflow='fold'))
        parts.append(remedy)
    parts.append(Text(''))
    counts = [(len(report.of(s)), s) for s in _STYLES]
    parts.append(
        Text(
            ', '.join(
                f'{n} {name}{"s" * (n != 1 and name != "info")}'
                for n, name in counts
                if n
            ),
            style='bold',
        )
    )
    return Group(*parts)


def _table(title: str, first: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=title,
        title_justify='left',
        title_style='bold',
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, overflow='fold')
    for column in columns:
        table.add_column(column, justify='right', no_wrap=True)
    return table


def _range(sizes: Mapping[int, int]) -> str:
    return spread(min(sizes), max(sizes)) if sizes else '-'


def _count(count: int) -> Text:
    return Text(f'{count:,}', style='' if count else 'bold red')
