"""Opening and reading a store, compared with MMAction2's ``PoseDataset``.

The annotations are made up, 20,000 sequences like those of NTU RGB+D by
default: float16, one person or two, in a temporary folder. Each measurement
runs in a process of its own, with the files in the cache of the system::

    python benchmarks/data_store.py

``--rows`` builds stores of ever more, tiny sequences, to show that the time
of opening does not grow; two million take some minutes to write. If ``lmdb``
is installed, MMEngine's LMDB backend is measured as well: its samples are
pickles, read as data only, as this package reads all pickles that come from
a disk, and once more with Python's unpickler, which runs whatever is there.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import pickle
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mmaction
import mmengine
import numpy as np
import torch
from mmaction.datasets import PoseDataset
from mmengine.fileio import LmdbBackend
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import track
from rich.table import Table

from aclnet_plugin.datasets import SkeletonDataset
from aclnet_plugin.datasets.store import (
    SkeletonStore,
    StoreWriter,
    write_store,
)
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.safe_pickle.machine import run_pickle

PIPELINE = [
    dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
    dict(type='GenSkeFeat', dataset='nturgb+d', feats=['b']),
    dict(type='UniformSampleFrames', clip_len=100),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
SPLIT = 'xsub_train'
HOST, PICKLE, STORE, LMDB, TRUSTED = (
    'PoseDataset',
    'SkeletonDataset',
    'the same, store',
    'LMDB (split only)',
    'the same, trusted',
)
GOALS = 'goals: open in at most 1/20 of the time and 1/25 of the memory'


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('--sequences', type=int, default=20_000)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument(
        '--reads', type=int, default=5_000, help='samples read at random'
    )
    parser.add_argument(
        '--compared', type=int, default=300, help='samples compared'
    )
    parser.add_argument(
        '--rows',
        type=int,
        nargs='*',
        default=[20_000, 200_000, 2_000_000],
        help='sizes of the stores of tiny sequences',
    )
    parser.add_argument(
        '--measure', nargs=2, metavar=('KIND', 'PATH'), help=argparse.SUPPRESS
    )
    return parser.parse_args(argv)


def sequence(
    rng: np.random.Generator, index: int, frames: int
) -> dict[str, Any]:
    """A sequence of noise, with two persons in one of ten."""
    shape = (1 + (index % 10 == 0), frames, 25, 3)
    pose = rng.standard_normal(shape, dtype=np.float32).astype(np.float16)
    return dict(
        frame_dir=f'S{index % 17 + 1:03d}C001P001R001A{index:07d}',
        label=index % 60,
        total_frames=frames,
        keypoint=pose,
    )


def splits_of(names: list[str]) -> dict[str, list[str]]:
    """Train on seven tenths, as cross-subject of NTU RGB+D 60."""
    part = len(names) * 7 // 10
    return {SPLIT: names[:part], 'xsub_val': names[part:]}


def make_content(total: int) -> dict[str, Any]:
    """The annotations of one data set; 350 MB for 20,000 sequences."""
    rng = np.random.default_rng(0)
    samples = [
        sequence(rng, index, int(rng.integers(40, 172)))
        for index in range(total)
    ]
    names = [sample['frame_dir'] for sample in samples]
    return dict(split=splits_of(names), annotations=samples)


def write_rows(folder: Path, total: int) -> None:
    """A store of tiny sequences."""
    rng = np.random.default_rng(0)
    tiny = sequence(rng, 1, 1)
    names = []
    with StoreWriter(folder) as writer:
        for index in track(range(total), f'{total:,} rows', transient=True):
            names.append(f'S001C001P001R001A{index:07d}')
            writer.add(tiny | dict(frame_dir=names[-1], label=index % 60))
        writer.finish(split=splits_of(names))


def write_lmdb(content: dict[str, Any], folder: Path) -> None:
    """The samples of the training split, pickled, by their number."""
    import lmdb

    chosen = set(content['split'][SPLIT])
    samples = [s for s in content['annotations'] if s['frame_dir'] in chosen]
    with lmdb.open(str(folder), map_size=2**36) as env:
        with env.begin(write=True) as transaction:
            for index, sample in enumerate(samples):
                key = f'{index:08d}'.encode()
                transaction.put(key, pickle.dumps(sample, protocol=4))


def write(kind: str, content: dict[str, Any], path: Path) -> None:
    """Write the data in one of the formats."""
    if kind == STORE:
        write_store(content, path)
    elif kind in (LMDB, TRUSTED):
        write_lmdb(content, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol=4))


def small_of(path: Path) -> Path:
    """Where the same is with few sequences."""
    return path.with_name(f'small_{path.name}')


def memory() -> dict[str, float]:
    """Memory of this process, MiB: of its own, and all that is mapped."""
    gc.collect()
    sizes = {}
    for line in Path('/proc/self/smaps_rollup').read_text().splitlines()[1:]:
        name, _, size = line.partition(':')
        sizes[name] = int(size.split()[0]) / 1024
    own = sizes['Private_Clean'] + sizes['Private_Dirty']
    return dict(own=own, mapped=sizes['Rss'])


def open_lmdb(
    path: str, unpickle: Callable[[bytes], Any]
) -> tuple[int, Callable[[int], Any]]:
    """Number of samples, and what reads one of them."""
    backend = LmdbBackend(path)
    backend._client = backend._get_client()
    total = backend._client.stat()['entries']

    def read(index: int) -> dict:
        return unpickle(backend.get(f'{index:08d}'))

    return total, read


def open_dataset(kind: str, path: str) -> tuple[int, Callable[[int], Any]]:
    """Number of samples, and what reads one of them."""
    if kind in (LMDB, TRUSTED):
        unpickle = run_pickle if kind == LMDB else pickle.loads
        return open_lmdb(path, unpickle)
    if kind == HOST:
        dataset = PoseDataset(path, pipeline=[], split=SPLIT)
    else:
        dataset = SkeletonDataset(
            path,
            pipeline=[],
            split=SPLIT,
            layout='nturgb+d',
            num_classes=60,
        )
    return len(dataset), dataset.get_data_info


def measure(kind: str, path: str, reads: int) -> dict[str, float]:
    """Open in this process, then read."""
    # What is imported at the first use is no cost of the format.
    open_dataset(kind, str(small_of(Path(path))))
    before = memory()
    start = time.perf_counter()
    total, read = open_dataset(kind, path)
    seconds = time.perf_counter() - start
    after = memory()
    rng = np.random.default_rng(0)
    indices = rng.integers(total, size=reads).tolist()
    # Once before, so that all comes from the cache.
    for _ in range(2):
        start = time.perf_counter()
        for index in indices:
            read(index)
        rate = reads / (time.perf_counter() - start) / 1000
    return dict(
        open=1000 * seconds,
        own=after['own'] - before['own'],
        mapped=after['mapped'] - before['mapped'],
        rate=rate,
    )


def measured(
    kind: str, path: Path, args: argparse.Namespace
) -> dict[str, list[float]]:
    """Measure in a new process, several times."""
    results = []
    for _ in track(range(args.repeats), kind, transient=True):
        command = [sys.executable, __file__, '--reads', str(args.reads)]
        command += ['--measure', kind, str(path)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True
        )
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: [one[key] for one in results] for key in results[0]}


def differences(pickled: Path, stored: Path, compared: int) -> int:
    """Samples that are not the same out of the pipeline."""
    datasets = [
        PoseDataset(str(pickled), pipeline=PIPELINE, split=SPLIT),
        SkeletonDataset(str(stored), pipeline=PIPELINE, split=SPLIT),
    ]
    step = max(len(datasets[0]) // compared, 1)
    found = 0
    for index in range(0, len(datasets[0]), step):
        one, two = (_seeded(dataset, index) for dataset in datasets)
        labels = [s['data_samples'].gt_label for s in (one, two)]
        same = one['inputs'].dtype == two['inputs'].dtype
        same = same and torch.equal(one['inputs'], two['inputs'])
        found += not (same and torch.equal(*labels))
    return found


def _seeded(dataset: PoseDataset, index: int) -> dict[str, Any]:
    random.seed(index)
    np.random.seed(index)
    return dataset[index]


def spread(values: list[float]) -> str:
    """Median, and smallest and largest in brackets."""
    middle, low, high = map(
        short, (statistics.median(values), min(values), max(values))
    )
    return f'{middle} [{low}, {high}]'


def short(number: float) -> str:
    """Three digits, or all before the point."""
    digits = 2 if abs(number) < 10 else 1 if abs(number) < 100 else 0
    return f'{number:,.{digits}f}'


def cpu_model() -> str:
    """The processor, as far as the system tells."""
    lines = Path('/proc/cpuinfo').read_text().splitlines()
    names = (line.partition(':')[2] for line in lines if 'model name' in line)
    return next(names, platform.machine()).strip()


def size_of(path: Path) -> float:
    """Megabytes of a file or folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_blocks * 512 for file in files) / 1e6


def compare(folder: Path, args: argparse.Namespace) -> Table:
    """Write the data in each format, measure, and tabulate."""
    kinds = {HOST: 'ntu.pkl', PICKLE: 'ntu.pkl', STORE: 'ntu.store'}
    if importlib.util.find_spec('lmdb'):
        kinds |= {LMDB: 'a.lmdb', TRUSTED: 'b.lmdb'}
    paths = {kind: folder / name for kind, name in kinds.items()}
    content = make_content(args.sequences)
    for kind, path in paths.items():
        write(kind, content, path)
        write(kind, make_content(20), small_of(path))
    del content
    results = {k: measured(k, path, args) for k, path in paths.items()}
    table = Table(title=f'{args.sequences:,} sequences, split {SPLIT}')
    table.add_column('')
    for kind in paths:
        table.add_column(kind, justify='right')

    def add(name: str, cell: Callable[[str], str]) -> None:
        table.add_row(name, *map(cell, paths))

    def ratio(kind: str, key: str) -> str:
        base, other = (
            statistics.median(results[k][key]) for k in (HOST, kind)
        )
        return f'1/{short(base / other)}'

    add('on disk, MB', lambda kind: short(size_of(paths[kind])))
    add('open, ms', lambda kind: spread(results[kind]['open']))
    add('ratio', lambda kind: ratio(kind, 'open'))
    add('own memory, MiB', lambda kind: spread(results[kind]['own']))
    add('ratio', lambda kind: ratio(kind, 'own'))
    add('RSS, MiB', lambda kind: spread(results[kind]['mapped']))
    add('reads, 1000/s', lambda kind: spread(results[kind]['rate']))
    different = differences(paths[HOST], paths[STORE], args.compared)
    table.caption = (
        f'{different} samples differ out of the pipeline, of about '
        f'{args.compared} compared; {GOALS}'
    )
    return table


def growth(folder: Path, args: argparse.Namespace) -> Table:
    """Open stores of different sizes."""
    table = Table(title='Opening a store, by number of sequences')
    for column in ('sequences', 'open, ms', 'own memory, MiB', 'index, MB'):
        table.add_column(column, justify='right')
    for total in args.rows:
        path = folder / f'{total}.store'
        write_rows(small_of(path), 20)
        write_rows(path, total)
        found = measured(STORE, path, args)
        table.add_row(
            f'{len(SkeletonStore(path)):,}',
            spread(found['open']),
            spread(found['own']),
            f'{(path / "index.bin").stat().st_size / 1e6:,.1f}',
        )
    return table


def tables(args: argparse.Namespace) -> Iterator[Table]:
    """All measurements."""
    with tempfile.TemporaryDirectory() as folder:
        yield compare(Path(folder), args)
    if args.rows:
        with tempfile.TemporaryDirectory() as folder:
            yield growth(Path(folder), args)


def main(argv: list[str] | None = None) -> None:
    """Measure, then print the tables."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    init_default_scope('mmaction')
    MMLogger.get_current_instance().setLevel('ERROR')
    if args.measure:
        print(json.dumps(measure(*args.measure, args.reads)))
        return
    console = Console()
    if not console.is_terminal:
        console.width = 132
    for table in tables(args):
        console.print(table)
    console.print(
        f'{cpu_model()}, {os.cpu_count()} cores, Python '
        f'{platform.python_version()}, numpy {np.__version__}, torch '
        f'{torch.__version__}, mmengine {mmengine.__version__}, mmaction2 '
        f'{mmaction.__version__}; median [smallest, largest] of '
        f'{args.repeats} processes; own memory: private pages, RSS: with '
        f'shared ones; reads: of {args.reads:,} annotations in random order',
        markup=False,
    )


if __name__ == '__main__':
    main()
