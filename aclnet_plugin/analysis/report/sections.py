"""The parts of a report, each from what it is about; None if there is none."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation import Predictions
from ...visualization import plot_confusion, plot_family_graph
from ...visualization.curves_plot import plot_curves
from ..confusions import HEADER, confusion_rows, count_predictions
from ..curves import chosen_keys, panels_of
from ..errors import AnalysisError
from ..learned_state import LearnedState, confused, family_members
from ..training_log import read_training
from .page import PICTURES, Picture, Section, Table
from .work_dir import WorkDir

_SMOOTH = 5  # values of a log in a running mean
_MAX_ROWS = 500  # of a table; a browser on a phone is slow with more


def summary(found: WorkDir, meta: dict[str, Any]) -> Section:
    """What was trained, and how good it became.

    Args:
        found: The work folder.
        meta: Of its checkpoint, possibly empty.
    """
    facts = [
        ('config', found.config and found.config.name),
        ('checkpoint', found.checkpoint and found.checkpoint.name),
        ('epochs', meta.get('epoch')),
        ('iterations', meta.get('iter')),
        ('written at', meta.get('time')),
        ('seed', meta.get('seed')),
    ]
    rows = [(name, str(value)) for name, value in facts if value is not None]
    tables = [Table('Training', ('what', 'value'), rows)]
    tests = [
        (file.stem, name, value)
        for file, metrics in found.tests
        for name, value in metrics.items()
    ]
    if tests:
        header = ('test run', 'metric', 'value')
        tables.append(Table('Results of tests', header, tests))
    return Section('Summary', [], [], tables)


def curves(found: WorkDir) -> Section | None:
    """How losses, families and accuracies developed.

    Args:
        found: The work folder.
    """
    try:
        log = read_training(found.path)
        keys = chosen_keys([log], None)
    except AnalysisError:
        return None
    axis = 'epoch' if log.steps_per_epoch else 'step'
    panels = panels_of([log], keys, axis, _SMOOTH)
    figure = plot_curves(panels, [log.name], axis)
    caption = (
        f'What was logged. Losses are also shown as running means of '
        f'{_SMOOTH} values.'
    )
    return Section(
        'Training curves', log.notes, [Picture.of_figure(figure, caption)]
    )


def families(state: LearnedState, names: Sequence[str]) -> Section:
    """Confusions counted in training, and the Motion Families from them.

    Args:
        state: What the checkpoint holds.
        names: K class names.
    """
    total = confused(state.counts)
    section = Section('Confusions and Motion Families')
    if not total:
        section.paragraphs.append(
            'No confusions yet: counting had not begun at this epoch, or no '
            'sample was misclassified since.'
        )
    else:
        section.paragraphs.append(
            f'While training, {total:,} predictions were wrong. Classes that '
            'share many of their most frequent confusions form a Motion '
            'Family; the inter-class loss pushes a sample away from the '
            "prototypes of its class's family."
        )
        section.pictures.append(
            Picture.of_figure(
                plot_confusion(state.counts, names),
                'Which class (row) was taken for which (column) in training.',
            )
        )
        rows = confusion_rows(state.counts, names, 20)
        section.tables.append(_without_indices('Most frequent', rows))
    owners = np.flatnonzero(state.member.any(1)).tolist()
    if owners:
        section.pictures.append(
            Picture.of_figure(
                plot_family_graph(state.member, state.counts, names),
                'Motion Families: joined classes are in the family of one '
                'another.',
            )
        )
        rows = [
            (
                names[owner],
                int(state.member[owner].sum()),
                '; '.join(names[i] for i in family_members(state, owner)),
            )
            for owner in owners
        ]
        header = ('class', 'size', 'family, most confused first')
        section.tables.append(
            Table('Family of each class', header, rows, folded=True)
        )
    return section


def predictions(found: Predictions, names: Sequence[str]) -> Section:
    """How often which class was right in a test.

    Args:
        found: The predictions.
        names: K class names.
    """
    counts = count_predictions(found)
    totals = counts.sum(1)
    right = np.diag(counts)
    seen = np.flatnonzero(totals)
    share = right[seen] / totals[seen]
    order = seen[np.argsort(share, kind='stable')]
    section = Section(
        f'Test: {Path(found.path).name}',
        [
            f'{right.sum():,} of {totals.sum():,} samples are right '
            f'(top-1 {right.sum() / totals.sum():.4f}; mean over classes '
            f'{share.mean():.4f}).'
        ],
    )
    rows = [
        (
            names[i],
            int(totals[i]),
            float(right[i] / totals[i]),
        )
        for i in order.tolist()
    ]
    section.tables.append(
        Table(
            'Classes, the hardest first',
            ('class', 'samples', 'accuracy'),
            rows,
            folded=len(rows) > 12,
        )
    )
    if confused(counts):
        section.pictures.append(
            Picture.of_figure(
                plot_confusion(counts, names),
                'Which class (row) was taken for which (column) in the test.',
            )
        )
        rows = confusion_rows(counts, names, 20)
        section.tables.append(_without_indices('Most frequent', rows))
    return section


def output(folder: Path, root: Path) -> Section:
    """What an analysis tool has written.

    Args:
        folder: With its pictures and tables.
        root: The work folder.
    """
    where = folder.relative_to(root).as_posix()
    section = Section('Pictures' if where == '.' else where)
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if suffix == '.svg' and path.with_suffix('.png').exists():
            continue  # the same picture twice
        if suffix in PICTURES:
            section.pictures.append(Picture.of_file(path, path.stem))
        elif suffix == '.csv':
            section.tables.append(_csv_table(path))
    return section


def _without_indices(title: str, rows: list[list[Any]]) -> Table:
    kept = [HEADER.index(n) for n in ('true_name', 'pred_name', 'count')]
    kept.append(HEADER.index('share'))
    header = ('true class', 'taken for', 'count', 'share of its confusions')
    return Table(title, header, [[row[i] for i in kept] for row in rows])


def _csv_table(path: Path) -> Table:
    with path.open(encoding='utf-8', errors='replace', newline='') as file:
        rows = list(csv.reader(file))
    header, *body = rows or [[]]
    title = path.name
    if len(body) > _MAX_ROWS:
        title += f', the first {_MAX_ROWS} of {len(body)} rows'
    numbers = [[_number(cell) for cell in row] for row in body[:_MAX_ROWS]]
    return Table(title, header, numbers, folded=True)


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
