"""Findings as files: JSON, CSV and a picture."""

from __future__ import annotations

import io
import json
from pathlib import Path

from aclnet_plugin.utils.atomic import atomic_writer
from aclnet_plugin.utils.csv_text import csv_text
from aclnet_plugin.visualization.figure import (
    add_axes,
    add_title,
    new_figure,
)

from .findings import Findings
from .timeline import PARTS

NAMES = ('profile.json', 'step_parts.csv', 'rates.csv', 'step_parts.png')
"""What :func:`write_findings` may write."""

_COLOURS = {
    'data': '#d95f02',
    'copy': '#e6ab02',
    'backbone': '#1b6ca8',
    'head': '#5fa3d3',
    'losses': '#7570b3',
    'backward': '#1b9e77',
    'optimiser': '#66a61e',
    'sync': '#e7298a',
    'rest': '#999999',
}


def write_findings(findings: Findings, folder: Path) -> list[Path]:
    """Write all that there is something to write about.

    What an earlier profile has left in other files of these names goes:
    it would not belong to this one.

    Args:
        findings: The findings.
        folder: Created if needed.

    Returns:
        The files written.

    Raises:
        OSError: If they cannot be written.
    """
    content = json.dumps(findings.to_dict(), indent=2, ensure_ascii=False)
    texts = {
        'profile.json': content + '\n',
        'rates.csv': csv_text(_rate_rows(findings)),
    }
    if findings.timeline.steps:
        texts['step_parts.csv'] = csv_text(_part_rows(findings))
    written = []
    for name, text in texts.items():
        with atomic_writer(folder / name) as file:
            file.write(text.encode())
        written.append(folder / name)
    if findings.timeline.steps:
        with atomic_writer(folder / 'step_parts.png') as file:
            file.write(draw_parts(findings))
        written.append(folder / 'step_parts.png')
    for name in NAMES:
        if folder / name not in written:
            (folder / name).unlink(missing_ok=True)
    return written


def _part_rows(findings: Findings) -> list[list]:
    steps = findings.timeline.steps
    rows = [[index, *step.values()] for index, step in enumerate(steps, 1)]
    return [['step', *(f'{name}_seconds' for name in PARTS)], *rows]


def _rate_rows(findings: Findings) -> list[list]:
    rows: list[list] = [
        ['kind', 'batch_size', 'num_workers', 'samples_per_second', 'peak_mib']
    ]
    rows += [
        ['compute', rate.batch_size, '', rate.rate, rate.peak / 2**20]
        for rate in findings.compute
    ]
    size = findings.batch_size
    rows += [
        ['loader', size, workers, rate, '']
        for workers, rate in findings.loader.items()
    ]
    return rows


def draw_parts(findings: Findings) -> bytes:
    """A PNG: the parts of a step as one bar.

    Args:
        findings: With at least one step.
    """
    figure = new_figure(9.0, 2.9)
    axes = add_axes(figure, 0.4, 1.1, 8.2, 0.75)
    left = 0.0
    for name, share in findings.shares.items():
        if not share:
            continue
        label = f'{name} {share:.1%}'
        axes.barh(
            0, share, left=left, color=_COLOURS[name], label=label, height=0.8
        )
        left += share
    axes.set_xlim(0, 1)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ['0', '25', '50', '75', '100 %'])
    for side in ('top', 'left', 'right'):
        axes.spines[side].set_visible(False)
    axes.legend(
        loc='upper center',
        bbox_to_anchor=(0.5, -0.35),
        ncols=5,
        frameon=False,
        fontsize=9,
    )
    setting = findings.setting
    add_title(
        figure,
        f'{1e3 * findings.measured_seconds:,.1f} ms per training step',
        f'{Path(setting.config).stem}, batch {findings.batch_size}, '
        f'{setting.num_workers} workers, {setting.device}',
        0.4,
        'left',
    )
    file = io.BytesIO()
    figure.savefig(file, dpi=150)
    return file.getvalue()
