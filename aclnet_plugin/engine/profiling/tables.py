"""Findings as text to look at."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .findings import Findings
from .timeline import PARTS

_BAR = 20


def print_findings(console: Console, findings: Findings) -> None:
    """Print what was measured so far, then the advice.

    Args:
        console: Where to.
        findings: The findings.
    """
    block = '#' if console.options.ascii_only else '█'
    setting = findings.setting
    # A name with line breaks in it could not be copied.
    console.print(Text(setting.config), soft_wrap=True)
    console.print(
        Text(
            f'Batch {setting.batch_size}, '
            f'{setting.num_workers} workers, {setting.world_size} '
            f'process{"es" if setting.world_size > 1 else ""}'
            f'{", mixed precision" if setting.amp else ""}; '
            f'{setting.machine}'
        )
    )
    if findings.timeline.steps:
        console.print(_parts(findings, block))
    if findings.compute:
        console.print(_compute(findings, block))
    if findings.loader:
        console.print(_loader(findings, block))
    for line in [*_sentences(findings), *findings.notes]:
        console.print(Text(f'- {line}'))
    if findings.advice:
        console.print(Text('Advice', style='bold'))
    for line in findings.advice:
        console.print(Text(f'- {line}'))


def _parts(findings: Findings, block: str) -> Table:
    table = _table(
        f'A training step, batch {findings.batch_size}, mean of '
        f'{len(findings.timeline.steps)}',
        ('part', 'what', 'ms', 'share'),
    )
    shares, total = findings.shares, findings.measured_seconds
    for name, share in shares.items():
        table.add_row(
            name,
            PARTS[name],
            f'{1e3 * share * total:,.1f}',
            f'{share:.1%}',
            _bar(share / max(shares.values()), block),
        )
    table.add_row('total', '', f'{1e3 * total:,.1f}', f'{1:.1%}', '')
    return table


def _compute(findings: Findings, block: str) -> Table:
    gpu = findings.setting.device.startswith('cuda')
    table = _table(
        'Compute alone: steps on a batch that is there already',
        (
            'batch',
            'samples/s',
            'ms/step',
            'peak MiB' if gpu else 'peak MiB (process)',
            'of it steps',
        ),
    )
    fastest = max(rate.rate for rate in findings.compute)
    for rate in findings.compute:
        table.add_row(
            str(rate.batch_size),
            f'{rate.rate:,.1f}',
            f'{1e3 * rate.seconds:,.1f}',
            f'{rate.peak / 2**20:,.0f}',
            f'{rate.grown / 2**20:,.0f}',
            _bar(rate.rate / fastest, block),
        )
    return table


def _loader(findings: Findings, block: str) -> Table:
    table = _table('The loader alone', ('workers', 'samples/s', 'of compute'))
    fastest = max(findings.loader.values())
    batch = findings.batch_advice
    for workers, rate in findings.loader.items():
        table.add_row(
            str(workers),
            f'{rate:,.1f}',
            f'{rate / batch.rate:.2f} x' if batch else '-',
            _bar(rate / fastest, block),
        )
    return table


def _sentences(findings: Findings) -> list[str]:
    """What does not fit into a table."""
    said = []
    if findings.step_seconds:
        said.append(
            f'A step with nothing inside measured takes '
            f'{1e3 * findings.step_seconds:,.1f} ms'
            + (
                f'; measuring adds {findings.overhead:+.1%}.'
                if findings.overhead is not None
                else '.'
            )
        )
    if findings.timeline.steps and findings.setting.device.startswith('cuda'):
        said.append(
            'The GPU is waited for at both ends of each part; a training '
            'does not wait, so that its parts overlap.'
        )
    if findings.setting.world_size > 1:
        said.append(
            'sync is the whole communication; in a training a part of it '
            'runs beside the backward pass.'
        )
    if findings.epoch_seconds:
        said.append(
            f'The steps of an epoch of {findings.setting.samples:,} samples '
            f'take {_duration(findings.epoch_seconds)}.'
        )
    said += _overlap(findings)
    if not findings.setting.affinity_states:
        said.append(
            'The head has no affinity state: its losses are part of head.'
        )
    return said


def _overlap(findings: Findings) -> list[str]:
    workers = findings.setting.num_workers
    load, compute = findings.load_seconds, findings.compute_seconds
    if not (load and compute and findings.step_seconds):
        return []
    if findings.overlap is None:
        verdict = 'one is too short to see whether they overlap'
    else:
        verdict = f'loading and compute overlap to {findings.overlap:.0%}'
    return [
        f'Of {1e3 * findings.step_seconds:,.1f} ms, compute alone takes '
        f'{1e3 * compute:,.1f}; loading a batch alone, {workers} workers, '
        f'takes {1e3 * load:,.1f}: {verdict}.'
    ]


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify='left', box=box.SIMPLE)
    for index, column in enumerate(columns):
        text = column in ('part', 'what')
        justify = 'left' if text and index < 2 else 'right'
        table.add_column(column, justify=justify, overflow='fold')
    table.add_column('', width=_BAR, no_wrap=True)
    return table


def _bar(share: float, block: str) -> str:
    return block * round(_BAR * share)


def _duration(seconds: float) -> str:
    """``1 h 02 min``, ``3 min 05 s`` or ``4.2 s``."""
    if seconds < 60:
        return f'{seconds:.1f} s'
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f'{minutes} min {rest:02d} s'
    return f'{minutes // 60} h {minutes % 60:02d} min'
