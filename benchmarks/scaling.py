"""Efficiency of 8, 64 and 512 GPUs on paper, by how often ranks gather.

A GPU's step is an assumption here: forward and backward FLOPs of the model,
counted, at a share of the peak rate; give ``--step-ms`` where it is known.
Bytes, parameters and widths are those of the real model (NTU RGB+D 60). The
cost of collectives is that of benchmarks/scaling_costs.py. What the losses of
the joined batch cost is the ratio of counted FLOPs, or with ``--measure`` that
of measured times on this machine's CPU. Examples::

    python benchmarks/scaling.py --measure
    python benchmarks/scaling.py --step-ms 40 --batch-size 16
    python benchmarks/scaling.py --batch-size 64 --gpus 8 32 --interval 1 2 8
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.arguments import (
    positive,
    positive_number,
    positive_share,
    width,
)
from benchmarks.plain.models import JOINTS, made_up_clips, recogniser
from benchmarks.scaling_costs import FABRICS, NODE, Job, buckets, row_bytes
from benchmarks.scaling_shares import (
    counted_shares,
    flops_of,
    measured_shares,
)
from benchmarks.timing import machine


def gpus(text: str) -> int:
    """A number of GPUs, for argparse: in one node, or in full ones."""
    number = int(text) if text.isdecimal() else 0
    if number < 2 or (number > NODE and number % NODE):
        raise argparse.ArgumentTypeError(
            f'{text!r} is neither 2 to {NODE}, the GPUs of one node, nor a '
            f'multiple of {NODE}'
        )
    return number


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add('--gpus', type=gpus, nargs='+', default=[8, 64, 512])
    add(
        '--batch-size',
        type=positive,
        default=16,
        help='per GPU (default: 16)',
    )
    add('--interval', type=positive, nargs='+', default=[1, 4, 16])
    add(
        '--goal',
        type=positive_share,
        default=0.9,
        help='efficiency (default: 0.9)',
    )
    add(
        '--step-ms',
        type=positive_number,
        help='of one GPU (default: from FLOPs)',
    )
    add(
        '--peak-tflops',
        type=positive_number,
        default=67.0,
        help='of a GPU (default: 67, float32 of an H100 SXM)',
    )
    add(
        '--utilisation',
        type=positive_share,
        default=0.3,
        help='of it (default: 0.3)',
    )
    add(
        '--link-share',
        type=positive_share,
        default=0.8,
        help="of a link's nominal rate (default: 0.8)",
    )
    add(
        '--bucket-mb',
        type=positive_number,
        default=25.0,
        help="DDP's (default: 25)",
    )
    add('--measure', action='store_true', help="the losses' cost on this CPU")
    add('--base-channels', type=width, default=96)
    add('--frames', type=positive, default=100)
    add('--rounds', type=positive, default=3, help='measured (default: 3)')
    return parser.parse_args(argv)


def table_of(job: Job, args: argparse.Namespace) -> Table:
    """One line for each number of GPUs and fabric."""
    table = Table(
        title=f'Efficiency; step {job.step_us / 1e3:.1f} ms, batch '
        f'{job.batch}; n = {" / ".join(map(str, args.interval))}'
    )
    for column in (
        *('GPUs', 'between nodes', 'gradients', 'gather', 'joined rows'),
        *('efficiency', f'n for {args.goal:g}'),
    ):
        table.add_column(column, justify='right')
    for gpus in args.gpus:
        inside = gpus <= NODE
        for name, fabric in list(FABRICS.items())[: 1 if inside else None]:
            smallest = job.smallest_interval(gpus, fabric, args.goal)
            table.add_row(
                str(gpus),
                'one node' if inside else name,
                f'{job.gradients_us(gpus, fabric) / 1e3:.2f}',
                ' / '.join(
                    f'{job.gather_us(gpus, fabric, n) / 1e3:.2f}'
                    for n in args.interval
                ),
                ' / '.join(
                    f'{job.arithmetic_us(gpus, n) / 1e3:.2f}'
                    for n in args.interval
                ),
                ' / '.join(
                    f'{job.efficiency(gpus, fabric, n):.3f}'
                    for n in args.interval
                ),
                'none' if smallest is None else str(smallest),
            )
    return table


def bytes_table(job: Job, gpus: list[int]) -> Table:
    """What a rank sends in a step on average, whatever the links."""
    table = Table(title='A rank sends per step')
    for column in ('GPUs', 'gradients', 'gather', 'collectives'):
        table.add_column(column, justify='right')
    reduces = len(buckets(4 * job.parameters, job.bucket))
    for count in gpus:
        gradients = 2 * (count - 1) / count * 4 * job.parameters
        table.add_row(
            str(count),
            f'{gradients / 1e6:.1f} MB',
            f'{(count - 1) * job.batch * job.row / 1e6:.2f} MB',
            f'{reduces} + 1/n',
        )
    return table


def main(argv: list[str] | None = None) -> None:
    """Count, perhaps measure, then print the tables."""
    args = parse_args(argv)
    model = recogniser(args.base_channels).train()
    head = model.cls_head
    clips = made_up_clips((2, 1, 2, args.frames, JOINTS, 3), 0)
    head.affinity.set_epoch(1, counting=True, scoring=True, rebuild=True)
    flops = flops_of(model, clips)
    rate = 1e12 * args.peak_tflops * args.utilisation
    step_ms = args.step_ms or 1e3 * args.batch_size * flops / rate
    shares = counted_shares(head, args.batch_size, flops)
    if args.measure:
        shares = measured_shares(model, clips, args.batch_size, args.rounds)
    joined, taken_in = shares
    job = Job(
        step_us=1e3 * step_ms,
        batch=args.batch_size,
        parameters=sum(p.numel() for p in model.parameters()),
        row=row_bytes(
            head.inter_proj.out_features, head.intra_proj.out_features
        ),
        joined=joined,
        taken_in=taken_in,
        share=args.link_share,
        bucket=args.bucket_mb * 2**20,
    )
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(bytes_table(job, args.gpus))
    console.print(table_of(job, args))
    for name, costs in (('n = 1', joined), ('n > 1', taken_in)):
        text = ', '.join(f'{r}: {share:.2%}' for r, share in costs.items())
        console.print(f'Share of a step by joined rows, {name}: {text}')
    source = 'given' if args.step_ms else 'assumed, not yet measured'
    console.print(
        f'Milliseconds per step, gradients where backward does not cover '
        f'them. Step {source}; '
        f'{flops / 1e9:.2f} GFLOP per sample, {job.parameters:,} parameters, '
        f'{job.row} bytes per sample in the gather, bank '
        f'{head.affinity.bank.size}, {head.num_classes} classes. '
        f'{machine() if args.measure else "Shares by FLOPs."}'
    )


if __name__ == '__main__':
    main()
