r"""Convert an annotation file to a store and back, or verify a store.

A store is a folder that is mapped into memory instead of being read, see
docs/store.md. A config uses it like the pickle, as ``ann_file``. Examples::

    python tools/data/build_store.py ntu60_3d.pkl ntu60_3d.store
    python tools/data/build_store.py ntu60_3d.store ntu60_3d.pkl
    python tools/data/build_store.py k400_2d.pkl k400_2d.store \
        --data-prefix k400_skeletons
    python tools/data/build_store.py --verify ntu60_3d.store

All is kept as it is, names, splits, classes and types included, unless
--dtype asks for another precision.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from aclnet_plugin.datasets.annotation_file import take_annotations
from aclnet_plugin.datasets.naming import sample_name
from aclnet_plugin.datasets.skeleton_files import (
    read_skeletons,
    skeleton_path,
)
from aclnet_plugin.datasets.store import (
    SUFFIX,
    SkeletonStore,
    StoreWriter,
    is_store,
    verify_store,
)
from aclnet_plugin.datasets.store.annotations import PICKLE
from aclnet_plugin.datasets.store.packing import DTYPES
from aclnet_plugin.datasets.store.writer import without_samples
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load
from aclnet_plugin.utils.shown import shown

FAULTS = (ValueError, OSError, pickle.UnpicklingError)


def parse_args(
    argv: list[str] | None = None,
) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The command line, and its parser for later complaints."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'source', type=Path, nargs='?', help='annotation file, or a store'
    )
    parser.add_argument(
        'out',
        type=Path,
        nargs='?',
        help=f'what to write, named *{SUFFIX} or *{PICKLE}',
    )
    parser.add_argument(
        '--data-prefix',
        type=Path,
        metavar='FOLDER',
        help='where the skeletons are if each sequence has a file of its '
        'own, named after its frame_dir (Kinetics)',
    )
    parser.add_argument(
        '--dtype',
        choices=DTYPES,
        help='convert coordinates and scores; float16 loses digits. By '
        'default they stay as they are',
    )
    parser.add_argument(
        '--on-error',
        choices=('stop', 'skip'),
        default='stop',
        help='what to do with a sequence that cannot be used (default: stop)',
    )
    parser.add_argument('--overwrite', action='store_true')
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    parser.add_argument(
        '--verify',
        type=Path,
        metavar='STORE',
        help='compare every byte of a store with its checksums',
    )
    return parser, parser.parse_args(argv)


class Builder:
    """Turns one format into the other.

    Args:
        args: The parsed command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.skipped: list[str] = []

    def run(self) -> None:
        """Read the source and write the target."""
        source, out = self.args.source, self.args.out
        if out.exists() and not self.args.overwrite:
            raise FileExistsError(f'{out} exists; use --overwrite.')
        with self._status(f'reading {source}'):
            content = self._read()
        if is_store(out):
            self._write_store(content)
            return
        with self._status(f'writing {out}'):
            atomic_dump(content, out)

    def track(self, items: Iterable, what: str, total: int) -> Iterable:
        """Show how far the work has come."""
        return track(
            items, what, total, disable=self.args.quiet, transient=True
        )

    def _status(self, text: str) -> Any:
        if self.args.quiet:
            return nullcontext()
        return Console(stderr=True).status(text)

    def _read(self) -> Any:
        if is_store(self.args.source):
            return SkeletonStore(self.args.source).to_content()
        return safe_load(self.args.source)

    def _write_store(self, content: Any) -> None:
        source = str(self.args.source)
        samples = take_annotations(content, source)
        with StoreWriter(
            self.args.out, self.args.overwrite, self.args.dtype, source
        ) as writer:
            steps = enumerate(samples)
            for index, sample in self.track(steps, 'writing', len(samples)):
                try:
                    writer.add(self._with_skeletons(sample, index))
                except FAULTS as error:
                    if self.args.on_error == 'stop' or is_disk(error):
                        raise
                    self.skipped.append(str(error))
            writer.finish_as(without_samples(content))

    def _with_skeletons(self, sample: dict, index: int) -> dict:
        folder = self.args.data_prefix
        if folder is None:
            return sample
        origin = str(self.args.source)
        where = f'sample {shown(sample_name(sample))} (number {index})'
        path = skeleton_path(str(folder), sample, where, origin)
        return sample | read_skeletons(path, where, origin)


def is_disk(error: Exception) -> bool:
    """Whether an error is not the fault of one sequence."""
    return isinstance(error, OSError) and not isinstance(
        error, FileNotFoundError
    )


def summarize(path: Path) -> Iterator[str]:
    """A few lines about what has been written.

    Args:
        path: The store or pickle.
    """
    if not is_store(path):
        yield f'written to {path}, {path.stat().st_size / 1e6:,.1f} MB'
        return
    store = SkeletonStore(path)
    size = sum(file.stat().st_size for file in path.iterdir())
    yield f'{len(store):,} sequences, {size / 1e6:,.1f} MB'
    for dtype, ndim, joints, channels, scored in store.kinds:
        shape = '(n, V, C)' if ndim == 3 else '(M, T, V, C)'
        yield (
            f'  keypoint {shape}: {joints} joints, {channels} channels, '
            f'{dtype.lstrip("<|")}' + ', with keypoint_score' * scored
        )
    for split in store.splits:
        try:
            yield f'  split {split}: {len(store.places(split)):,}'
        except ValueError as error:
            yield f'  split {split}: not usable, {error}'
            continue
        for warning in store.warnings(split):
            yield f'  WARNING: {warning}'
    yield f'written to {path}'


def check_command(args: argparse.Namespace) -> str | None:
    """Say what is wrong with the command line, or ``None``."""
    if args.verify is not None:
        return 'give either --verify or source and out' * bool(args.source)
    if args.source is None or args.out is None:
        return 'source and out are needed, or --verify'
    to_store = args.out.name.endswith(SUFFIX)
    if not to_store and not args.out.name.endswith(PICKLE):
        return f'{args.out}: the name has to end with {SUFFIX} or {PICKLE}'
    if not to_store and not is_store(args.source):
        return f'neither {args.source} nor {args.out} is a store'
    if not to_store and (args.dtype or args.data_prefix):
        return '--dtype and --data-prefix are for writing a store'
    return None


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser, args = parse_args(argv)
    if problem := check_command(args):
        parser.error(problem)
    builder = Builder(args)
    try:
        if args.verify is not None:
            total = verify_store(args.verify, builder.track)
            print(f'{args.verify}: {total:,} sequences, nothing has changed')
            return 0
        builder.run()
    except FAULTS as error:
        print(f'error: {error}', file=sys.stderr)
        if args.data_prefix is None and 'data_prefix=' in str(error):
            print('(here: --data-prefix FOLDER)', file=sys.stderr)
        elif args.on_error == 'stop' and 'sample ' in str(error):
            print('(--on-error skip leaves it out)', file=sys.stderr)
        return 1
    for problem in builder.skipped:
        print(f'skipped: {problem}')
    if args.dtype is not None:
        print(f'coordinates and scores were converted to {args.dtype}')
    for line in summarize(args.out):
        print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
