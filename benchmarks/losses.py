"""Time of the two contrastive losses: ours against loops.

Each loss with the state that it needs, as in a training step: the prototypes
are updated and the batch enters the bank; forward and backward, ``paper``
behaviour. The loops (benchmarks/plain) go over samples, with vector operations
for each, or over all pairs that are compared; they must give the same losses
and gradients. The versions take turns. Examples::

    python benchmarks/losses.py --threads 1
    python benchmarks/losses.py --classes 400 --bank-size 2048
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.models.affinity import ClassPrototypes, FeatureBank
from aclnet_plugin.models.affinity.functional import unit_rows
from aclnet_plugin.models.losses import (
    InterClassAffinityLoss,
    IntraClassMarginLoss,
)
from benchmarks.arguments import positive, whole_from
from benchmarks.plain.plain_losses import LoopOverPairs, LoopOverSamples
from benchmarks.timing import machine, ratio_of, take_turns

CALLS = 10
"""Steps by which ours is timed in each round, after a second of loops."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        '--classes', type=positive, nargs='+', default=[120, 400]
    )
    parser.add_argument(
        '--bank-size',
        type=positive,
        nargs='+',
        default=[1024, 2048],
        help='one for each number of classes',
    )
    parser.add_argument('--batch-size', type=positive, default=64)
    parser.add_argument('--embed-dim', type=positive, default=256)
    parser.add_argument(
        '--family-size',
        type=positive,
        default=15,
        help='on average (default: 15)',
    )
    parser.add_argument('--steps', type=positive, default=10)
    parser.add_argument('--warmup', type=whole_from(0), default=1)
    parser.add_argument('--threads', type=positive, help='default: all cores')
    args = parser.parse_args(argv)
    if len(args.classes) != len(args.bank_size):
        parser.error('give one --bank-size for each of --classes')
    return args


class OurLosses:
    """The modules of the package with the state they need.

    Args:
        num_classes: K.
        embed_dim: D.
        bank_size: Q.
        member: ``(K, K)`` bool families.
    """

    def __init__(
        self,
        num_classes: int,
        embed_dim: int,
        bank_size: int,
        member: Tensor,
    ) -> None:
        self.member = member
        self.prototypes = ClassPrototypes(num_classes, embed_dim)
        self.bank = FeatureBank(bank_size, embed_dim)
        self.loss_inter = InterClassAffinityLoss()
        self.loss_intra = IntraClassMarginLoss()

    def inter(self, embed: Tensor, labels: Tensor) -> Tensor:
        """Update the prototypes, then score the batch."""
        prototypes = self.prototypes.update(embed, labels, labels)
        return self.loss_inter(
            embed, labels, prototypes, self.member, self.prototypes.usable
        )

    def intra(self, embed: Tensor, labels: Tensor) -> Tensor:
        """Put the batch into the bank, then score it."""
        unit = unit_rows(embed)
        slots = self.bank.push(unit, labels)
        columns = self.bank.live_columns(unit, slots)
        return self.loss_intra(unit, labels, slots, columns, self.bank.labels)


class Problem:
    """Both versions, every class seen and the bank full, and a batch.

    Args:
        num_classes: K.
        bank_size: Q.
        args: The command line.
        seed: For features, labels and families.
    """

    def __init__(
        self,
        num_classes: int,
        bank_size: int,
        args: argparse.Namespace,
        seed: int = 0,
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        draw = torch.rand(num_classes, num_classes, generator=generator)
        member = draw < args.family_size / num_classes
        member.fill_diagonal_(False)
        sizes = (num_classes, args.embed_dim, bank_size, member)
        self.versions = {
            'loop over pairs': LoopOverPairs(*sizes),
            'loop over samples': LoopOverSamples(*sizes),
            'ours': OurLosses(*sizes),
        }
        filling = max(num_classes, bank_size)
        for start in range(0, filling, args.batch_size):
            labels = torch.arange(start, start + args.batch_size)
            self.embed = torch.randn(
                len(labels), args.embed_dim, generator=generator
            )
            with torch.no_grad():
                for version in self.versions.values():
                    version.inter(self.embed, labels % num_classes)
                    version.intra(self.embed, labels % num_classes)
        self.labels = torch.randint(
            num_classes, (args.batch_size,), generator=generator
        )

    def step(self, version: str, losses: str) -> tuple[float, Tensor]:
        """Forward and backward; the loss and its gradient."""
        embed = self.embed.detach().requires_grad_()
        state = self.versions[version]
        total = embed.new_zeros(())
        if losses in ('inter', 'both'):
            total = total + state.inter(embed, self.labels)
        if losses in ('intra', 'both'):
            total = total + state.intra(embed, self.labels)
        if not total.requires_grad:  # no class has a family
            return total.item(), torch.zeros_like(embed)
        total.backward()
        return total.item(), embed.grad


def check(problem: Problem, losses: str) -> None:
    """End the comparison if the versions differ."""
    # A step moves the state, hence one for each version.
    outcomes = {name: problem.step(name, losses) for name in problem.versions}
    for name, outcome in outcomes.items():
        try:
            torch.testing.assert_close(
                outcome, outcomes['ours'], rtol=1e-3, atol=1e-6
            )
        except AssertionError as error:
            raise SystemExit(
                f'error: {name}: {losses} differs: {error}'
            ) from None


def several(call: Callable[[], object]) -> None:
    """What is timed for ours."""
    for _ in range(CALLS):
        call()


def milliseconds(seconds: list[float]) -> str:
    """``median (lowest to highest)``."""
    low, middle, high = (
        1e3 * pick(seconds) for pick in (min, statistics.median, max)
    )
    return f'{middle:.1f} ({low:.1f} to {high:.1f})'


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the table."""
    args = parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    table = Table(title='Losses and their state, milliseconds per step')
    columns = ('classes, bank', 'loss', 'version', 'time', 'ours is faster by')
    for column in columns:
        table.add_column(column, justify='right')
    for num_classes, bank_size in zip(
        args.classes, args.bank_size, strict=True
    ):
        for losses in ('inter', 'intra', 'both'):
            problem = Problem(num_classes, bank_size, args)
            check(problem, losses)
            calls = {
                name: partial(problem.step, name, losses)
                for name in problem.versions
            }
            calls['ours'] = partial(several, calls['ours'])
            seconds = take_turns(calls, args.steps, warmup=args.warmup)
            seconds['ours'] = [value / CALLS for value in seconds['ours']]
            for name, values in seconds.items():
                table.add_row(
                    f'{num_classes}, {bank_size}',
                    losses,
                    name,
                    milliseconds(values),
                    ''
                    if name == 'ours'
                    else ratio_of(values, seconds['ours']),
                )
    console = Console()
    console.print(table)
    console.print(
        f'Medians (lowest to highest) of {args.steps} rounds, batch '
        f'{args.batch_size}, {args.embed_dim} dimensions, families of '
        f'{args.family_size} on average. {machine()}.'
    )


if __name__ == '__main__':
    main()
