"""Cost of the method: a training step with both losses against plain ones.

The full model of NTU RGB+D in float32; a step is forward, backward and the
SGD update. All versions have the same backbone and the same weights:

- *cross entropy*: the GCNHead of MMAction2;
- *ours, losses off*: ACLHead without its contrastive part;
- *ours*: ACLHead, both losses active, the state taken up in each step.

The backbone computes the relation vector, a mean of its last dynamic graph,
in all three; the first two ignore it and send no gradient through it. All
clips have two persons, so that the backbone has no absent ones to share.

The versions take turns in one process. Their first step gives the same
classification loss, which is checked. Ratios are those of each round. Memory
is the peak of the resident set of a fresh process per version, in which glibc
gives large blocks back at once: by default it is off by a tenth from run to
run. Examples::

    python benchmarks/method_cost.py --threads 1
    python benchmarks/method_cost.py --batch-size 4 --classes 120
    python benchmarks/method_cost.py --device cuda --batch-size 16 64 128
"""

from __future__ import annotations

import argparse
import ctypes
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aclnet_plugin.engine.profiling.memory import forget_peak, peak_memory
from aclnet_plugin.utils.atomic import atomic_writer
from benchmarks.arguments import positive, whole_from, width
from benchmarks.plain.models import JOINTS, made_up_clips, recogniser
from benchmarks.timing import machine, spread_of, take_turns

BASE, OFF, OURS = 'cross entropy', 'ours, losses off', 'ours'
VERSIONS = (BASE, OFF, OURS)
# Name of glibc's malloc.h, and the size from which on a block is large.
_M_MMAP_THRESHOLD, LARGE = -3, 2**16
TIME_GOAL, MEMORY_GOAL = 1.03, 1.02


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        '--batch-size', type=positive, nargs='+', default=[4, 16]
    )
    parser.add_argument('--classes', type=positive, nargs='+', default=[60])
    parser.add_argument('--bank-size', type=positive, default=512)
    parser.add_argument('--steps', type=positive, default=9, help='rounds')
    parser.add_argument('--warmup', type=whole_from(0), default=1)
    parser.add_argument('--frames', type=positive, default=100)
    parser.add_argument('--base-channels', type=width, default=96)
    parser.add_argument('--threads', type=positive, help='default: all cores')
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--memory-runs',
        type=whole_from(0),
        default=2,
        help='processes per version that tell their peak; 0: none',
    )
    parser.add_argument('--dump-json', type=Path, metavar='FILE')
    # What the processes of --memory-runs are started with.
    parser.add_argument('--peak-of', choices=VERSIONS, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


class Features(nn.Module):
    """The backbone without its relation vector, for a head of the host.

    The vector is computed all the same.

    Args:
        backbone: Returns features and relation vector.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, inputs: Tensor) -> Tensor:
        """The features alone."""
        return self.backbone(inputs)[0]


def model_of(
    version: str, classes: int, bank_size: int, base_channels: int
) -> nn.Module:
    """One of the versions, all with the same weights.

    Args:
        version: One of ``VERSIONS``.
        classes: K.
        bank_size: Q.
        base_channels: Width of the first stage.
    """
    model = recogniser(base_channels)
    torch.manual_seed(1)
    width = 4 * base_channels
    fc = nn.Linear(width, classes)
    head = dict(num_classes=classes, in_channels=width)
    if version == BASE:
        model.backbone = Features(model.backbone)
        model.cls_head = MODELS.build(dict(type='GCNHead', **head))
    else:
        head.update(relation_dim=JOINTS**2, bank_size=bank_size)
        model.cls_head = MODELS.build(dict(type='ACLHead', **head))
    if version == OFF:
        model.cls_head.contrastive_losses = lambda *_: {}
    if version == OURS:
        make_ready(model.cls_head)
    model.cls_head.fc.load_state_dict(fc.state_dict())
    return model


def make_ready(head: nn.Module) -> None:
    """Bring the state to where it is in the middle of a training.

    A full bank, prototypes of all classes, confusions of most pairs, and
    both losses active.

    Args:
        head: An ACLHead.
    """
    generator = torch.Generator().manual_seed(2)
    state = head.affinity
    classes, slots = state.num_classes, state.bank.size
    every = torch.arange(classes)
    features = torch.randn(
        slots + classes, state.bank.feats.shape[1], generator=generator
    )
    features = nn.functional.normalize(features, dim=1)
    state.bank.push(features[:slots], torch.arange(slots) % classes)
    state.prototypes.update(features[slots:], every, every)
    counts = torch.randint(0, 9, (classes, classes), generator=generator)
    state.confusion.counts.copy_(counts)
    state.families.rebuild(state.confusion.counts)
    state.set_epoch(31, counting=True, scoring=True)


class Step:
    """A model, its optimiser and a batch.

    Args:
        version: One of ``VERSIONS``.
        batch_size: N.
        classes: K.
        args: The command line.
    """

    def __init__(
        self,
        version: str,
        batch_size: int,
        classes: int,
        args: argparse.Namespace,
    ) -> None:
        self.model = model_of(
            version, classes, args.bank_size, args.base_channels
        )
        self.model.to(args.device).train()
        shape = (batch_size, 1, 2, args.frames, JOINTS, 3)
        self.clips = made_up_clips(shape, 0).to(args.device)
        self.samples = [
            ActionDataSample().set_gt_label(index % classes)
            for index in range(batch_size)
        ]
        for sample in self.samples:
            sample.to(args.device)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=0.025,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4,
        )
        self.device = args.device
        self.cpu_seconds: list[float] = []

    def __call__(self) -> float:
        """One step; its classification loss."""
        start = time.process_time()
        losses = self.model(self.clips, self.samples, mode='loss')
        total = sum(v for k, v in losses.items() if 'loss' in k)
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        if self.device == 'cpu':
            self.cpu_seconds.append(time.process_time() - start)
        return losses['loss_cls'].item()


def cost_of(ours: Sequence[float], base: Sequence[float]) -> list[float]:
    """Ratio of each round, in ascending order.

    Args:
        ours: Seconds of each round.
        base: Seconds of the same rounds.
    """
    return sorted(a / b for a, b in zip(ours, base, strict=True))


def ratio_text(ratios: Sequence[float]) -> str:
    """``median (quarter to three quarters)`` of ratios."""
    if len(ratios) < 2:
        return ' '.join(f'{ratio:.3f}' for ratio in ratios) or '-'
    low, middle, high = statistics.quantiles(ratios, method='inclusive')
    return f'{middle:.3f} ({low:.3f} to {high:.3f})'


def measure_time(
    batch_size: int, classes: int, args: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Seconds on the clock and of the CPU of each round, by version.

    Raises:
        SystemExit: If the versions are not the same model.
    """
    steps = {
        version: Step(version, batch_size, classes, args)
        for version in VERSIONS
    }
    first = {version: step() for version, step in steps.items()}
    for loss in first.values():
        if abs(loss - first[BASE]) > 1e-4 * abs(first[BASE]):
            raise SystemExit(f'error: other classification losses: {first}')
    clock = take_turns(steps, args.steps, args.device, args.warmup)
    return {
        version: {
            'clock': clock[version],
            'cpu': step.cpu_seconds[-args.steps :],
        }
        for version, step in steps.items()
    }


def peak_of(
    version: str, batch_size: int, classes: int, args: argparse.Namespace
) -> dict[str, int]:
    """Peak of two steps in this process, and what it had before the model.

    On a CPU the resident set, on a GPU what tensors occupy. In the second
    step the optimiser has its state.
    """
    give_back_at_once()
    forget_peak(args.device)
    before = peak_memory(args.device)
    step = Step(version, batch_size, classes, args)
    for _ in range(2):
        step()
    return {'before': before, 'peak': peak_memory(args.device)}


def give_back_at_once() -> None:
    """Let glibc return large blocks when they are freed.

    Otherwise it learns to keep them, and the peak depends on how they happen
    to lie. Elsewhere nothing changes.
    """
    if platform.libc_ver()[0] == 'glibc':
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


def measure_memory(
    batch_size: int, classes: int, args: argparse.Namespace
) -> dict[str, list[dict[str, int]]]:
    """What :func:`peak_of` tells in fresh processes, by version.

    Raises:
        SystemExit: If one of them fails.
    """
    shared = dict(
        batch_size=batch_size,
        classes=classes,
        bank_size=args.bank_size,
        frames=args.frames,
        base_channels=args.base_channels,
        threads=args.threads or torch.get_num_threads(),
        device=args.device,
    )
    options = [
        text
        for name, value in shared.items()
        for text in (f'--{name.replace("_", "-")}', str(value))
    ]
    peaks: dict[str, list] = {version: [] for version in VERSIONS}
    for _ in range(args.memory_runs):
        for version in VERSIONS:
            done = subprocess.run(
                [sys.executable, __file__, *options, '--peak-of', version],
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise SystemExit(f'error: {version}: {done.stderr[-2000:]}')
            peaks[version].append(json.loads(done.stdout.splitlines()[-1]))
    return peaks


def memory_of(
    peaks: dict[str, list[dict[str, int]]], version: str, total: bool
) -> float:
    """Median peak in bytes, in total or over what was there before."""
    return statistics.median(
        run['peak'] - (0 if total else run['before']) for run in peaks[version]
    )


def verdict(name: str, ratio: float, goal: float) -> str:
    """One line that says whether a goal is met."""
    word = 'met' if ratio <= goal else 'missed'
    return f'{name} {ratio:.3f}, goal at most {goal}: {word}'


def rebuild_milliseconds(classes: int, repeats: int = 5) -> float:
    """Median time to rebuild the families, which happens once an epoch."""
    head = model_of(OURS, classes, 16, 8).cls_head
    counts = head.affinity.confusion.counts
    rebuild: Callable = head.affinity.families.rebuild
    seconds = take_turns({'': lambda: rebuild(counts)}, repeats)['']
    return 1e3 * statistics.median(seconds)


def report(console: Console, found: dict) -> None:
    """Print what was measured in one setting.

    Args:
        console: Where to.
        found: Entry of the JSON file.
    """
    table = Table(
        title=f'Training step, batch {found["batch_size"]}, '
        f'{found["classes"]} classes, bank {found["bank_size"]}'
    )
    for column in ('version', 'ms', 'ratio', 'CPU ms', 'CPU ratio', 'memory'):
        table.add_column(column, justify='right')
    seconds, peaks = found['seconds'], found['peaks']
    for version, own in seconds.items():
        clock = cost_of(own['clock'], seconds[BASE]['clock'])
        cpu = cost_of(own['cpu'], seconds[BASE]['cpu'])
        memory = '-'
        if peaks:
            over = memory_of(peaks, version, False) / 2**20
            memory = f'{over:,.0f} MiB'
        table.add_row(
            version,
            spread_of(own['clock']),
            ratio_text(clock),
            spread_of(own['cpu']) if cpu else '-',
            ratio_text(cpu),
            memory,
        )
    console.print(table)
    for kind in ('clock', 'cpu'):
        ratios = cost_of(seconds[OURS][kind], seconds[BASE][kind])
        if ratios:
            middle = statistics.median(ratios)
            print('  ' + verdict(f'time ({kind})', middle, TIME_GOAL))
    for name, total in (('over the imports', False), ('in total', True)):
        if peaks:
            ratio = memory_of(peaks, OURS, total) / memory_of(
                peaks, BASE, total
            )
            print('  ' + verdict(f'memory {name}', ratio, MEMORY_GOAL))
    print(
        f'  families rebuilt in {found["rebuild_ms"]:.1f} ms, once an epoch\n'
    )


def save(everything: list[dict], target: Path | None) -> None:
    """Write what is there so far, if a file is asked for."""
    if target is not None:
        with atomic_writer(target) as file:
            file.write(json.dumps(everything, indent=1).encode() + b'\n')


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, then print the tables."""
    args = parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.peak_of:
        size, classes = args.batch_size[0], args.classes[0]
        print(json.dumps(peak_of(args.peak_of, size, classes, args)))
        return
    console = Console()
    everything: list[dict] = []
    for classes in args.classes:
        for batch_size in args.batch_size:
            found = dict(
                batch_size=batch_size,
                classes=classes,
                bank_size=args.bank_size,
                rebuild_ms=rebuild_milliseconds(classes),
                seconds=measure_time(batch_size, classes, args),
                peaks=None,
            )
            everything.append(found)
            save(everything, args.dump_json)
            if args.memory_runs:
                found['peaks'] = measure_memory(batch_size, classes, args)
                save(everything, args.dump_json)
            report(console, found)
    print(
        f'{args.steps} rounds, {args.base_channels} channels, {args.frames} '
        f'frames, {JOINTS} joints, 2 persons. Times: median (lowest to '
        f'highest); ratios of the rounds: median (quartiles). Memory: peak '
        f'over what the imports took. {machine(args.device)}.'
    )


if __name__ == '__main__':
    main()
