"""Time and memory of rebuilding the Motion Families, by number of classes.

From the confusion counts to the member table (``FamilyTable.rebuild``),
against the equations in nested loops over classes (benchmarks/plain), which
must give the same families. The loops differ in how they sum over the third
class in Eq. 5: word by word in lists, in sets, or by Python's intersection of
sets, which are built once for each class. Each number of classes is measured
in a fresh process. Extra memory is what the first rebuild adds to the largest
resident set of the process, which holds the counts and the member table by
then.
Example::

    python benchmarks/families.py --threads 1
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import sys
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.models.affinity import FamilyTable
from benchmarks.arguments import positive, whole_from
from benchmarks.plain.plain_families import (
    AS_WRITTEN,
    BY_INTERSECTION,
    IN_SETS,
    plain_families,
)
from benchmarks.timing import machine, ratio_of, spread_of, take_turns

LOOPS = {
    'loops, word by word': AS_WRITTEN,
    'loops, sets': IN_SETS,
    'loops, intersection': BY_INTERSECTION,
}
CALLS = 10
"""Rebuilds by which ours is timed in each round, after seconds of loops."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        '--classes',
        type=positive,
        nargs='+',
        default=[60, 120, 400, 1000, 10000],
    )
    parser.add_argument('--repeats', type=positive, default=5)
    parser.add_argument(
        '--loops-up-to',
        type=whole_from(0),
        default=400,
        help='largest number of classes for the loops (default: 400)',
    )
    parser.add_argument('--threads', type=positive, help='default: all cores')
    return parser.parse_args(argv)


def made_up_counts(num_classes: int, seed: int = 0) -> torch.Tensor:
    """Counts of which a third are positive, with ties.

    Row by row, so that no temporary enters the largest resident set.
    """
    generator = torch.Generator().manual_seed(seed)
    counts = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for row in counts:
        row.random_(-60, 30, generator=generator).clamp_(min=0)
    return counts


def as_sets(member: torch.Tensor) -> list[set[int]]:
    """The families of a member table."""
    return [set(row.nonzero().flatten().tolist()) for row in member]


def measure(
    num_classes: int, args: argparse.Namespace
) -> tuple[float, dict[str, list[float]]]:
    """Extra memory in MiB and the seconds of each version.

    Raises:
        ValueError: If the versions differ.
    """
    if args.threads:
        torch.set_num_threads(args.threads)
    warm = FamilyTable(8)
    warm.rebuild(made_up_counts(8))  # the library's own start-up
    counts = made_up_counts(num_classes)
    table = FamilyTable(num_classes)
    table.member.fill_(True)  # its pages exist from here on
    before = _largest_resident_set()
    table.rebuild(counts)
    extra = _largest_resident_set() - before
    families = as_sets(table.member)

    def ours() -> None:
        for _ in range(CALLS):
            table.rebuild(counts)

    calls = {'ours': ours}
    if num_classes <= args.loops_up_to:
        for name, overlap in LOOPS.items():
            calls[name] = partial(plain_families, counts, overlap=overlap)
            if calls[name]() != families:
                raise ValueError(f'{num_classes} classes: {name} differ')
    seconds = take_turns(calls, args.repeats, warmup=0)
    seconds['ours'] = [value / CALLS for value in seconds['ours']]
    return extra, seconds


def _fine(seconds: list[float]) -> str:
    """As :func:`spread_of`, with two decimals."""
    low, middle, high = (
        1e3 * pick(seconds) for pick in (min, statistics.median, max)
    )
    return f'{middle:.2f} ({low:.2f} to {high:.2f})'


def _largest_resident_set() -> float:
    """MiB."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (2**20 if sys.platform == 'darwin' else 2**10)


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the table."""
    args = parse_args(argv)
    table = Table(title='Rebuilding the families, milliseconds')
    for column in ('classes', 'version', 'time', 'ours is faster by'):
        table.add_column(column, justify='right')
    table.add_column('extra memory, MiB', justify='right')
    context = multiprocessing.get_context('spawn')
    for number in track(args.classes, 'Measuring'):
        with context.Pool(1) as fresh:
            extra, seconds = fresh.apply(measure, (number, args))
        for name, values in seconds.items():
            ours = name == 'ours'
            table.add_row(
                str(number),
                name,
                spread_of(values) if max(values) > 0.1 else _fine(values),
                '' if ours else ratio_of(values, seconds['ours']),
                f'{extra:.0f}' if ours else '',
            )
    if args.threads:
        torch.set_num_threads(args.threads)
    console = Console()
    console.print(table)
    console.print(
        f'Medians (lowest to highest) of {args.repeats} rounds. {machine()}.'
    )


if __name__ == '__main__':
    main()
