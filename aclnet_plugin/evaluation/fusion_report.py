"""What streams reach alone, together, and what each adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .fusion import COMBINATIONS, METRICS, accuracies, fuse, leave_one_out
from .predictions import Predictions

_TITLES = {'top1': 'top-1', 'top5': 'top-5', 'mean_class': 'mean class'}


def fusion_report(
    streams: Mapping[str, Predictions],
    weights: Sequence[float],
    searched: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Measure all there is to measure.

    Args:
        streams: Predictions by stream, of the same samples in the same
            order.
        weights: One per stream.
        searched: Weights found on other samples, to be measured as well.
            Defaults to None.

    Returns:
        What becomes JSON. Accuracies are from 0 to 1.
    """
    names = list(streams)
    labels = streams[names[0]].labels
    scores = np.stack([file.scores for file in streams.values()])

    def combination(
        title: str, members: Sequence[str], chosen: Sequence[float]
    ) -> dict[str, Any]:
        places = [names.index(name) for name in members]
        used = [chosen[place] for place in places]
        reached = accuracies(fuse(scores[places], used), labels)
        return {
            'name': title,
            'streams': list(members),
            'weights': used,
            **reached,
        }

    wanted = {
        title: members
        for title, members in COMBINATIONS.items()
        if set(members) <= set(names)
    }
    if len(names) > 1 and set(names) not in map(set, wanted.values()):
        wanted[f'all {len(names)}'] = names
    combinations = [
        combination(title, members, weights)
        for title, members in wanted.items()
        # A weight of 0 leaves a stream out; two of them may leave nothing.
        if any(weights[names.index(name)] for name in members)
    ]
    if searched is not None:
        title = f'all {len(names)}, searched weights'
        combinations.append(combination(title, names, searched))
    added = leave_one_out(scores, labels, weights) if len(names) > 1 else []
    return {
        'samples': len(labels),
        'classes': scores.shape[2],
        'streams': [
            {
                'name': name,
                'file': file.path,
                'weight': weight,
                'clips': file.clips,
                'tta': file.tta,
                **accuracies(file.scores, labels),
            }
            for (name, file), weight in zip(
                streams.items(), weights, strict=True
            )
        ],
        'combinations': combinations,
        'added_by_stream': [
            {'name': name, **gain}
            for name, gain in zip(names, added, strict=False)
        ],
    }


def print_fusion_report(console: Console, report: Mapping[str, Any]) -> None:
    """Print the report as tables.

    Args:
        console: Where to.
        report: Result of :func:`fusion_report`; ``notes`` and ``warnings``
            are printed too, if it has them.
    """
    table = _table(
        f'{report["samples"]:,} samples, {report["classes"]} classes, '
        f'accuracy in %',
        'streams',
        'weights',
    )
    for row in report['streams']:
        _add_row(table, row, Text(row['name']), f'{row["weight"]:g}')
    table.add_section()
    for row in report['combinations']:
        members = '+'.join(row['streams'])
        name = f'{row["name"]} ({members})'
        weights = ':'.join(f'{weight:g}' for weight in row['weights'])
        _add_row(table, row, Text(name), weights)
    console.print(table)
    if report['added_by_stream']:
        table = _table('Added to the others, in points', 'stream')
        for row in report['added_by_stream']:
            _add_row(table, row, Text(row['name']), sign='+')
        console.print(table)
    for row in report['streams']:
        line = f'{row["name"]}: {row["file"]}'
        console.print(Text(line), soft_wrap=True)
    for kind, style in (('notes', 'cyan'), ('warnings', 'bold yellow')):
        for sentence in report.get(kind, ()):
            line = Text(f'{kind[:-1]}: ', style).append(sentence, 'default')
            console.print(line, soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=box.SIMPLE, title_justify='left')
    for column in columns:
        table.add_column(column, overflow='fold')
    for metric in METRICS:
        table.add_column(_TITLES[metric], justify='right', no_wrap=True)
    return table


def _add_row(
    table: Table,
    row: Mapping[str, Any],
    *cells: str | Text,
    sign: str = '',
) -> None:
    values = [f'{100 * row[metric]:{sign}.2f}' for metric in METRICS]
    table.add_row(*cells, *values)
