"""What `torch.compile` makes of the backbone, backend by backend.

Compiles an ACLGCN with ``fullgraph=True``, so that a break in its graph is an
error, runs forward and backward, and compares with the same model in eager
mode: seconds until the first step is done, seconds per step, and the largest
deviation of features, relation vector and gradients, each relative to the
largest entry. Gradients are compared with those in float64, too; ``--double``
computes all of it in float64, which tells rounding from error. Example::

    python benchmarks/reliability/compile_backends.py --stages 10 --channels 16
"""

from __future__ import annotations

import copy
import platform
import time
from collections.abc import Callable, Iterable
from functools import partial

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from aclnet_plugin.models import ACLGCN
from aclnet_plugin.utils.arguments import make_parser

FRAMES, JOINTS, PERSONS = 16, 25, 2


def backbone(stages: int, channels: int) -> ACLGCN:
    """A backbone whose dynamic graphs are not zero, as at the start."""
    torch.manual_seed(0)
    model = ACLGCN(
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=channels,
        num_stages=stages,
    )
    for name, parameter in model.named_parameters():
        if name.endswith(('alpha', 'beta', 'add_coeff')):
            nn.init.constant_(parameter, 0.5)
    return model


def step(model: nn.Module, call: Callable, x: Tensor) -> list[Tensor]:
    """One forward and backward pass: features, relation vector, gradients."""
    model.zero_grad()
    feats, relation = call(x)
    (feats.square().mean() + relation.square().sum()).backward()
    grads = torch.cat([p.grad.flatten() for p in model.parameters()])
    return [feats.detach(), relation.detach(), grads]


def deviation(found: Iterable[Tensor], wanted: Iterable[Tensor]) -> list[str]:
    """Largest differences, relative to the largest entries."""
    return [
        f'{(a - b).abs().max() / b.abs().max():.1e}'
        for a, b in zip(found, wanted, strict=True)
    ]


def timed(run: Callable[[], list[Tensor]]) -> tuple[float, list[Tensor]]:
    """Seconds that a step takes, and what it returns."""
    start = time.perf_counter()
    result = run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


def main() -> None:
    """Print one row per backend."""
    parser = make_parser(__doc__)
    parser.add_argument('--stages', type=int, default=10)
    parser.add_argument('--channels', type=int, default=16)
    parser.add_argument('--samples', type=int, default=2)
    parser.add_argument('--steps', type=int, default=10)
    parser.add_argument(
        '--backends', nargs='+', default=['eager', 'aot_eager', 'inductor']
    )
    parser.add_argument('--double', action='store_true')
    args = parser.parse_args()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model = backbone(args.stages, args.channels).to(device)
    x = torch.randn(args.samples, PERSONS, FRAMES, JOINTS, 3).to(device)
    if args.double:
        model, x = model.double(), x.double()
    exact = copy.deepcopy(model).double()
    exact_outcome = step(exact, exact, x.double())
    plain_outcome = step(model, model, x)

    columns = ('First step', 'Step', 'Features', 'Relation', 'Gradients')
    table = Table(
        'Backend',
        *columns,
        'Gradients, to float64',
        title=f'{args.stages} stages, {args.channels} channels, {device}, '
        f'torch {torch.__version__}, {torch.get_num_threads()} thread(s), '
        f'{platform.machine()}',
    )
    for backend in [None, *args.backends]:
        torch.compiler.reset()
        call = model
        if backend:
            call = torch.compile(model, fullgraph=True, backend=backend)
        run = partial(step, model, call, x)
        first, outcome = timed(run)
        best = min(timed(run)[0] for _ in range(args.steps))
        table.add_row(
            backend or 'none',
            f'{first:.1f} s',
            f'{best * 1000:.1f} ms',
            *deviation(outcome, plain_outcome),
            deviation(outcome, exact_outcome)[2],
        )
    Console().print(table)


if __name__ == '__main__':
    main()
