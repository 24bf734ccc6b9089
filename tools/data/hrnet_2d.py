r"""Convert the HRNet skeletons of Kinetics-400 or FineGYM to a store.

Kinetics-400 comes as a table and, apart from it, the skeletons: one pickle
per video (MMAction2) or pickles of many videos (PYSKL), in a folder or in the
zip archive as it was fetched, which is read in place. The store holds both;
no memcached is needed. Examples::

    python tools/data/hrnet_2d.py data/skeleton/k400_2d.pkl \
        data/skeleton/k400_2d.store --skeletons k400_kpfiles_2d.zip
    python tools/data/hrnet_2d.py data/skeleton/gym_2d.pkl \
        data/skeleton/gym_2d.store --classes data/skeleton/gym99_categories.txt

Every sequence is checked, and the splits are compared with what is known of
the data set. See docs/data for where to get the files.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import track

from aclnet_plugin.datasets.annotation_file import take_annotations
from aclnet_plugin.datasets.checks import check_sample
from aclnet_plugin.datasets.converters.hrnet.class_names import (
    read_class_names,
)
from aclnet_plugin.datasets.converters.hrnet.convert import Skeletons, join
from aclnet_plugin.datasets.converters.hrnet.pickle_files import PickleFiles
from aclnet_plugin.datasets.converters.outcomes import BadFile
from aclnet_plugin.datasets.downloads.catalogue import PUBLIC, PublicFile
from aclnet_plugin.datasets.store import SUFFIX, SkeletonStore, StoreWriter
from aclnet_plugin.datasets.store.writer import without_samples
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.safe_pickle import safe_load

DATASETS = ('k400_2d', 'gym_2d')
FILE_NAMES = {
    'k400_2d': 'k400_2d',
    'k400_hrnet': 'k400_2d',
    'gym_2d': 'gym_2d',
    'gym_hrnet': 'gym_2d',
}
LAYOUT = 'coco'
# By how much a count may differ that is one of videos, not of skeletons.
ROUGH = 0.01
# Skipped sequences that are told one by one.
SHOWN = 20


def parse_args(
    argv: Sequence[str] | None = None,
) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The command line, and its parser for later complaints."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', type=Path, help='k400_2d.pkl or gym_2d.pkl')
    parser.add_argument('out', type=Path, help=f'store to write, *{SUFFIX}')
    parser.add_argument(
        '--skeletons',
        type=Path,
        metavar='PATH',
        help='folder or zip archive with the skeletons of Kinetics-400',
    )
    parser.add_argument(
        '--dataset',
        choices=DATASETS,
        help='which data set it is. Defaults to what the name of the file '
        'says',
    )
    parser.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='names of the classes to store, one a line, or the category '
        'file of FineGYM',
    )
    parser.add_argument(
        '--on-error',
        choices=('stop', 'skip'),
        default='stop',
        help='what to do with a sequence that is broken. Defaults to stop',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an existing store'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser, parser.parse_args(argv)


def convert(args: argparse.Namespace, entry: PublicFile) -> list[str]:
    """Write the store.

    Args:
        args: The parsed command line.
        entry: What is known of the data set.

    Returns:
        A sentence for each sequence that was skipped.

    Raises:
        BadFile: At the first broken sequence, unless they are skipped.
        ValueError: If the table is no annotation file.
        OSError: If something cannot be read or written.
    """
    console = Console(stderr=True)
    hidden = args.quiet or not console.is_terminal
    names = args.classes and read_class_names(args.classes, entry.classes)
    files = PickleFiles(args.skeletons) if args.skeletons else None
    with closing(files) if files else nullcontext():
        status = nullcontext() if hidden else console.status('reading table')
        with status:
            content = safe_load(args.source)
            samples = take_annotations(content, str(args.source))
        skeletons = _skeletons(files, samples, args)
        places = skeletons.order(samples) if skeletons else range(len(samples))
        steps = track(
            places,
            'writing',
            len(samples),
            console=console,
            disable=hidden,
            transient=True,
        )
        layout, origin = get_layout(LAYOUT), str(args.source)
        skipped = []
        with StoreWriter(args.out, args.overwrite, origin=origin) as writer:
            for place in steps:
                try:
                    sample = join(samples[place], skeletons)
                    check_sample(sample, origin, place, layout, entry.classes)
                    writer.add(sample)
                except ValueError as error:
                    if args.on_error == 'stop':
                        raise BadFile(str(error)) from error
                    skipped.append(str(error))
            rest = without_samples(content) or dict(annotations=[])
            writer.finish_as({**rest, 'classes': names} if names else rest)
    return skipped


def _skeletons(
    files: PickleFiles | None, samples: list[dict], args: argparse.Namespace
) -> Skeletons | None:
    """Where the skeletons are, if they are not in the table."""
    complete = 'keypoint' in samples[0]
    if files is None and not complete:
        raise ValueError(
            f'{args.source} is a table without skeletons; name the folder or '
            'archive that has them with --skeletons (see '
            'docs/data/kinetics_skeleton.md).'
        )
    if files is not None and complete:
        raise ValueError(
            f'{args.source} has its skeletons in itself; leave out '
            '--skeletons.'
        )
    return Skeletons(files) if files is not None else None


def report(out: Path, entry: PublicFile, skipped: list[str]) -> None:
    """Say what is in the store, and what is not as it should be.

    Args:
        out: The store.
        entry: What is known of the data set.
        skipped: Sentences about what was left out.
    """
    for problem in skipped[:SHOWN]:
        print(f'skipped: {problem}')
    if len(skipped) > SHOWN:
        print(f'skipped: {len(skipped) - SHOWN} more')
    store = SkeletonStore(out)
    print(f'{len(store)} sequences written to {out}, {len(skipped)} skipped')
    for split, nominal in entry.counts.items():
        if split not in store.splits:
            print(f'WARNING: there is no split {split}; expected {nominal}')
            continue
        found = len(store.places(split))
        about = 'about ' * entry.rough
        print(f'  {split}: {found} (complete: {about}{nominal})')
        if abs(found - nominal) > (ROUGH * nominal if entry.rough else 0):
            print(
                f'WARNING: {split} has {found} sequences where {about}'
                f'{nominal} are expected; results cannot be compared with '
                'published ones.'
            )
    for split in store.splits:
        for warning in store.warnings(split):
            print(f'WARNING: {warning}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser, args = parse_args(argv)
    name = args.dataset or FILE_NAMES.get(args.source.stem)
    if name is None:
        parser.error(
            f'{args.source.name} does not tell the data set; say --dataset '
            f'{" or ".join(DATASETS)}'
        )
    if not args.out.name.endswith(SUFFIX):
        parser.error(f'{args.out}: the name has to end with {SUFFIX}')
    if args.out.exists() and not args.overwrite:
        parser.error(f'{args.out} exists; use --overwrite to replace it')
    try:
        skipped = convert(args, PUBLIC[name])
        report(args.out, PUBLIC[name], skipped)
    except BadFile as error:
        print(f'error: {error}', file=sys.stderr)
        print('(--on-error skip leaves it out)', file=sys.stderr)
        return 1
    except (ValueError, OSError, pickle.UnpicklingError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('error: interrupted; nothing was replaced.', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
