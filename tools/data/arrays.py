r"""Convert your own sequences, one file for each, to an annotation file.

A file is ``.npy`` (frames, joints, coordinates; persons may come first),
``.npz`` with ``keypoint`` and optionally ``keypoint_score``, ``.json`` with
nested lists, or a table ``.csv``: one row for each frame with columns such as
``nose_x, nose_y, nose_z``, or one row for each joint with ``frame, joint, x,
y, z``. Labels come from a table with the columns ``name`` and ``label``, or
from a folder for each class. Examples::

    python tools/data/arrays.py FOLDER data/mine.pkl --labels labels.csv \
        --split-by subject --val 3 5
    python tools/data/arrays.py FOLDER data/mine.pkl --val-fraction 0.2

The splits are ``train`` and ``val``, or those of the column ``split``.
docs/custom_data.md leads from here to a trained model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from aclnet_plugin.datasets.converters import (
    BadFile,
    add_arguments,
    convert_all,
    report_and_write,
    run_tool,
)
from aclnet_plugin.datasets.converters.arrays.convert import (
    collect,
    find_sequences,
    reader_of,
)
from aclnet_plugin.datasets.converters.arrays.label_table import (
    labels_from_table,
)
from aclnet_plugin.datasets.converters.arrays.labels import (
    Labels,
    labels_from_folders,
    read_classes,
)
from aclnet_plugin.datasets.converters.arrays.pose import ArrayOptions
from aclnet_plugin.datasets.converters.arrays.splits import (
    SAME_PEOPLE,
    random_splits,
    split_warnings,
    splits_by_field,
    splits_from_column,
)
from aclnet_plugin.datasets.converters.arrays.summary import summarize
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.shown import shown_some


def command_line() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('folder', type=Path, help='folder of the sequences')
    add_arguments(parser)
    labels = parser.add_argument_group('labels')
    labels.add_argument(
        '--labels', type=Path, metavar='FILE', help='table of the labels'
    )
    labels.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='names of the classes, one in a line, in the order of the '
        'labels. By default the names are sorted',
    )
    labels.add_argument(
        '--renumber',
        action='store_true',
        help='count labels that are numbers anew from 0, without gaps',
    )
    splits = parser.add_argument_group('splits (one of these)')
    splits.add_argument(
        '--split-by',
        metavar='COLUMN',
        help='column of the table, such as subject, whose values --val are '
        'for validation',
    )
    splits.add_argument('--val', nargs='+', default=(), metavar='VALUE')
    splits.add_argument(
        '--val-fraction',
        type=float,
        metavar='SHARE',
        help='share of each class for validation, drawn at random',
    )
    splits.add_argument('--seed', type=int, default=0, help='of this draw')
    form = parser.add_argument_group('what the numbers are')
    form.add_argument('--dims', type=int, choices=(2, 3), help='coordinates')
    form.add_argument('--joints', type=int, metavar='V')
    form.add_argument(
        '--image-size',
        type=int,
        nargs=2,
        metavar=('HEIGHT', 'WIDTH'),
        help='of the videos in pixels, for 2D; 1 1 if coordinates are shares',
    )
    form.add_argument(
        '--scale', type=float, default=1.0, help='factor for coordinates'
    )
    form.add_argument(
        '--missing',
        choices=('error', 'zero'),
        default='error',
        help='what to do with empty cells and NaN. Defaults to error',
    )
    form.add_argument(
        '--header',
        choices=('auto', 'yes', 'no'),
        default='auto',
        help='whether the first row of a table has names. Defaults to auto',
    )
    form.add_argument(
        '--ignore', nargs='+', default=(), metavar='COLUMN', help='leave out'
    )
    return parser


def options_of(args: argparse.Namespace) -> ArrayOptions:
    """What the user says about all files."""
    for flag, values in (
        ('--joints', [args.joints]),
        ('--image-size', args.image_size or []),
        ('--scale', [args.scale]),
    ):
        if not all(value is None or 0 < value < np.inf for value in values):
            raise ValueError(f'{flag} must be positive and finite.')
    return ArrayOptions(
        dims=args.dims,
        joints=args.joints,
        missing=args.missing,
        header=args.header,
        ignore=tuple(args.ignore),
        image_size=tuple(args.image_size) if args.image_size else None,
        scale=args.scale,
    )


def labels_of(args: argparse.Namespace, files: dict[str, Path]) -> Labels:
    """Read the labels; what has none, or no file, is left out or an error."""
    classes = read_classes(args.classes) if args.classes else None
    if args.labels is None:
        return labels_from_folders(files, args.folder, classes)
    try:
        labels = labels_from_table(args.labels, files, classes, args.renumber)
    except BadFile as error:
        # Not a sequence that could be skipped.
        raise ValueError(str(error)) from None
    told = list(labels.lost)
    if labels.unlabelled:
        names = shown_some(labels.unlabelled)
        told.append(f'{args.labels} has no row for {names}')
    if told and args.on_error == 'stop':
        more = f'\n(and {len(told) - 5} more)' * (len(told) > 5)
        raise ValueError(
            '\n'.join(told[:5]) + f'{more}\nCorrect the table or the names of '
            'the files; --on-error skip goes on without these.'
        )
    for problem in told:
        print(f'skipped: {problem}')
    if not labels.of:
        raise ValueError(f'{args.labels} names none of the files.')
    return labels


def make_splits(
    args: argparse.Namespace, labels: Labels, names: list[str]
) -> dict[str, list[str]]:
    """Splits in the one way that is asked for."""
    column = any('split' in fields for fields in labels.fields.values())
    ways = {
        'the column split': column,
        '--split-by': args.split_by is not None,
        '--val-fraction': args.val_fraction is not None,
    }
    chosen = [way for way, wanted in ways.items() if wanted]
    if len(chosen) != 1:
        raise ValueError(
            f'{" and ".join(chosen)} say different things.'
            if chosen
            else 'nothing says what is for training and what for validation: '
            'give the table of labels a column split with train and val, or '
            'pass --split-by COLUMN --val VALUES, or --val-fraction 0.2.'
        )
    if args.val and args.split_by is None:
        raise ValueError(
            '--val goes with --split-by, which names the column of these '
            'values.'
        )
    if column:
        return splits_from_column(names, labels.fields)
    if args.split_by is not None:
        return splits_by_field(names, labels.fields, args.split_by, args.val)
    return random_splits(names, labels.of, args.val_fraction, args.seed)


def work(args: argparse.Namespace) -> None:
    """Convert, check, report and write."""
    options = options_of(args)
    given = [path for path in (args.labels, args.classes) if path]
    for path in given:
        if not path.is_file():
            raise ValueError(f'There is no file {path}.')
    files, others = find_sequences(args.folder, [*given, args.out])
    labels = labels_of(args, files)
    names = [name for name in files if name in labels.of]
    # Before the files are read: a wrong flag should not take long to see.
    make_splits(args, labels, names)
    parts = args.out.with_name(f'.{args.out.name}.parts')
    done = convert_all(
        [files[name] for name in names],
        reader_of(args.folder, options),
        workers=args.workers,
        on_error=args.on_error,
        quiet=args.quiet,
        parts=parts,
        settings=repr((str(args.folder), options)),
    )
    if not done.samples:
        raise ValueError('no file is left; nothing was written.')
    found = collect(done.samples, labels, args.on_error)
    done.problems += found.problems
    kept = [sample['frame_dir'] for sample in found.samples]
    splits = make_splits(args, labels, kept)
    content: dict[str, Any] = dict(
        split=splits, annotations=found.samples, classes=labels.classes
    )
    report_and_write(content, args.out, args.overwrite, done, parts)
    if others:
        print(f'{others} files with other endings were not looked at')
    for line in summarize(found, labels.classes):
        print(line)
    for warning in split_warnings(splits, labels.of, labels.classes):
        print(f'WARNING: {warning}.')
    if args.val_fraction is not None:
        print(f'Note: {SAME_PEOPLE}')


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return run_tool(work, command_line().parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
