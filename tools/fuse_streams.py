"""Fuse the predictions of several streams, and say what each adds.

Reads what the test command writes with --dump; the score of a sample is the
weighted sum of its clip-averaged probabilities. Example::

    python tools/fuse_streams.py j=work_dirs/j/pred.pkl b=work_dirs/b/pred.pkl
    python tools/fuse_streams.py work_dirs/*/pred.pkl --json fused.json

Prints top-1, top-5 and mean-class accuracy of each stream, of the usual
combinations of 2, 4 and 6 streams that are there, and of all of them. A file
may also be an .npz with scores (N, C), labels (N,) and names (N,), or a
pickled list of scores (with --ann-file and --split).
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import _common  # noqa: F401  (first: finds an uninstalled checkout)
import numpy as np
from rich.console import Console
from rich.progress import track

from aclnet_plugin.analysis.tested_samples import annotated_samples
from aclnet_plugin.evaluation import (
    DEFAULT_WEIGHTS,
    Predictions,
    PredictionsError,
    align,
    common_samples,
    fusion_report,
    load_predictions,
    print_fusion_report,
    search_weights,
    softmax_rows,
    stream_of,
)
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.atomic import atomic_writer

_NAMED = re.compile(r'([A-Za-z]\w*)=(.+)', re.DOTALL)
_SEED = 0  # of the samples that --search-fraction holds out

Streams = dict[str, Predictions]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'files',
        nargs='+',
        metavar='[STREAM=]FILE',
        help='predictions; the stream (j b k jm bm km, or any name) is found '
        'in the path if it is not given',
    )
    parser.add_argument(
        '--names', nargs='+', help='streams, in the order of the files'
    )
    parser.add_argument(
        '--weights',
        nargs='+',
        metavar='W',
        help='in the order of the files, as 2 2 1 1 or 2:2:1:1. Defaults to '
        '2 for j b k and 1 for jm bm km',
    )
    parser.add_argument(
        '--search',
        action='store_true',
        help='also search the best weights, on the samples reported unless '
        'one of the next two is given',
    )
    parser.add_argument(
        '--search-files',
        nargs='+',
        metavar='[STREAM=]FILE',
        help='search on these predictions, of the same streams',
    )
    parser.add_argument(
        '--search-fraction',
        type=float,
        metavar='PART',
        help='search on this part of the samples, report on the others',
    )
    parser.add_argument(
        '--softmax',
        action='store_true',
        help='make probabilities of scores that are logits',
    )
    parser.add_argument(
        '--ann-file', help='annotation file, for lists of scores alone'
    )
    parser.add_argument('--split', help='split of it that was tested')
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='also write the report here'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace that file'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    args = parser.parse_args(argv)
    fraction = args.search_fraction
    if fraction is not None:
        if args.search_files:
            parser.error('give --search-files or --search-fraction, not both')
        if not 0 < fraction < 1:
            parser.error('argument --search-fraction: must be in (0, 1)')
    if (args.ann_file is None) != (args.split is None):
        parser.error('--ann-file and --split go together')
    args.search |= bool(args.search_files) or fraction is not None
    return args


def paths_by_stream(
    files: Sequence[str], names: Sequence[str] | None = None
) -> dict[str, str]:
    """Which file is of which stream.

    Args:
        files: ``path`` or ``stream=path``.
        names: Streams in the same order. Defaults to None.

    Raises:
        PredictionsError: If a stream cannot be told, or comes twice.
    """
    if names is not None and len(names) != len(files):
        raise PredictionsError(
            f'{len(names)} names for {len(files)} files; give one each.'
        )
    paths: dict[str, str] = {}
    for index, file in enumerate(files):
        named = None if Path(file).exists() else _NAMED.fullmatch(file)
        path = named[2] if named else file
        if names is not None:
            stream = names[index]
        else:
            stream = named[1] if named else stream_of(path)
        if stream is None:
            raise PredictionsError(
                f'{path} does not tell its stream. Write stream=file, for '
                f'example jm={path}, or give --names.'
            )
        if stream in paths:
            raise PredictionsError(
                f'{paths[stream]} and {path} would both be stream {stream}. '
                f'Write stream=file to tell them apart.'
            )
        paths[stream] = path
    return paths


def weights_of(
    streams: Iterable[str], given: Sequence[str] | None
) -> list[float]:
    """One weight per stream, given or the default.

    Args:
        streams: Their names.
        given: Numbers, separated by blanks or colons; None for the default.

    Raises:
        PredictionsError: If they are not as many finite numbers from 0 on,
            one of them above 0, or if a stream has no default.
    """
    streams = list(streams)
    if given is None:
        unknown = [name for name in streams if name not in DEFAULT_WEIGHTS]
        if unknown:
            raise PredictionsError(
                f'there is no default weight of {", ".join(unknown)}, only '
                f'of {" ".join(DEFAULT_WEIGHTS)}. Give --weights.'
            )
        return [float(DEFAULT_WEIGHTS[name]) for name in streams]
    texts = [text for part in given for text in part.split(':')]
    try:
        weights = [float(text) for text in texts]
    except ValueError:
        raise PredictionsError(
            f'--weights {" ".join(given)}: not all are numbers.'
        ) from None
    fine = all(0 <= weight < math.inf for weight in weights) and any(weights)
    if len(weights) != len(streams) or not fine:
        raise PredictionsError(
            f'--weights {" ".join(given)}: expected {len(streams)} numbers '
            f'from 0 on, not all 0, for {" ".join(streams)}.'
        )
    return weights


def load_all(
    paths: dict[str, str], args: argparse.Namespace, notes: list[str]
) -> Streams:
    """Read files and bring them into one order.

    Args:
        paths: By stream.
        args: The command line.
        notes: What was done is appended.
    """
    for path in (*paths.values(), args.ann_file):
        if args.json is not None and path is not None:
            _refuse_to_replace(path, args.json)
    annotated = None
    if args.ann_file is not None:
        annotated = _annotated(args.ann_file, args.split)
    shown = sys.stderr.isatty() and not args.quiet
    files = [
        _as_probabilities(load_predictions(path, annotated), args.softmax)
        for path in track(
            list(paths.values()),
            description='reading',
            console=Console(stderr=True),
            disable=not shown,
        )
    ]
    aligned, found = align(files)
    notes += found
    return dict(zip(paths, aligned, strict=True))


def _refuse_to_replace(path: str, out: Path) -> None:
    """What is read must not be written, whatever --overwrite says."""
    if out.exists() and Path(path).exists() and out.samefile(path):
        raise PredictionsError(
            f'--json {out} is one of the files to read; write to another name.'
        )


def _annotated(
    ann_file: str, split: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and labels of a split, in the order of a test."""
    samples = annotated_samples(ann_file, split)
    names = tuple(name for name, _ in samples)
    labels = [sample.get('label') for _, sample in samples]
    if not all(isinstance(label, (int, np.integer)) for label in labels):
        raise PredictionsError(f'{ann_file}: not every label is a number.')
    return names, np.array(labels, np.int64)


def _as_probabilities(file: Predictions, softmax: bool) -> Predictions:
    """Refuse logits, or make probabilities of them; never do it twice."""
    if file.are_probabilities:
        return file
    if not softmax:
        sums = file.scores.sum(1)
        raise PredictionsError(
            f'{file.path} has scores that are no probabilities (they sum to '
            f'{sums.min():.3g} to {sums.max():.3g}). If they are logits, give '
            f"--softmax; better, test with average_clips='prob' of the "
            f'cls_head, which averages probabilities over clips.'
        )
    return replace(file, scores=softmax_rows(file.scores))


def search(
    streams: Streams,
    weights: Sequence[float],
    args: argparse.Namespace,
    report_notes: tuple[list[str], list[str]],
) -> tuple[Streams, dict[str, Any]]:
    """Search weights, on other samples than those reported if possible.

    Args:
        streams: What is to be reported.
        weights: Where the search starts.
        args: The command line.
        report_notes: Notes and warnings, to which more are appended.

    Returns:
        What is to be reported now, and how the search went.
    """
    notes, warnings = report_notes
    if args.search_files:
        other = load_all(paths_by_stream(args.search_files), args, notes)
        if set(other) != set(streams):
            raise PredictionsError(
                f'--search-files are of {" ".join(other)}, the files of '
                f'{" ".join(streams)}; give the same streams.'
            )
        basis = {name: other[name] for name in streams}
    elif args.search_fraction is not None:
        total = len(next(iter(streams.values())).labels)
        order = np.random.default_rng(_SEED).permutation(total)
        part = round(args.search_fraction * total)
        if not 0 < part < total:
            raise PredictionsError(
                f'--search-fraction {args.search_fraction:g} of {total} '
                f'samples leaves none for the search or none to report.'
            )
        chosen, rest = np.sort(order[:part]), np.sort(order[part:])
        basis = {name: file.take(chosen) for name, file in streams.items()}
        streams = {name: file.take(rest) for name, file in streams.items()}
        notes.append(
            f'weights were searched on {part} samples; all figures are of '
            f'the other {total - part}.'
        )
    else:
        basis = streams
    first, reported = next(iter(basis.values())), next(iter(streams.values()))
    if first.scores.shape[1] != reported.scores.shape[1]:
        raise PredictionsError(
            f'{first.path} has scores of {first.scores.shape[1]} classes, '
            f'{reported.path} of {reported.scores.shape[1]}.'
        )
    common = 0
    if args.search_fraction is None:
        common = common_samples(_named(basis), _named(streams))
    if common:
        warnings.append(
            f'THE WEIGHTS WERE SEARCHED ON THE SAMPLES THEY ARE MEASURED ON '
            f'({common} of {len(reported.labels)}). The figure of the '
            f'searched weights is optimistic and no result to report. Search '
            f'on a validation split (--search-files) or on a part '
            f'(--search-fraction).'
        )
    shown = sys.stderr.isatty() and not args.quiet
    found = search_weights(
        np.stack([file.scores for file in basis.values()]),
        first.labels,
        weights,
        lambda steps: track(
            steps,
            description='searching',
            console=Console(stderr=True),
            disable=not shown,
        ),
    )
    return streams, {
        'weights': list(found),
        'samples': len(first.labels),
        'files': [file.path for file in basis.values()],
        'also_reported': common,
        'optimistic': common > 0,
    }


def _named(streams: Streams) -> Predictions:
    """A stream that has names, if one has; all are of the same samples."""
    files = list(streams.values())
    return next((file for file in files if file.names is not None), files[0])


def test_warnings(streams: Streams) -> list[str]:
    """What clips and augmentation of the test mean for the figures.

    Args:
        streams: What is reported.
    """
    clips = {name: file.clips for name, file in streams.items()}
    known = set(clips.values()) - {None}
    warnings = []
    if 1 in known:
        names = ' '.join(name for name, count in clips.items() if count == 1)
        warnings.append(
            f'{names}: tested with 1 clip; not comparable with published '
            f'10-clip figures.'
        )
    if len(known) > 1:
        counts = ', '.join(f'{n}: {c}' for n, c in clips.items() if c)
        warnings.append(f'the streams differ in clips ({counts}).')
    augmented = [name for name, file in streams.items() if file.tta]
    plain = [name for name, file in streams.items() if file.tta is False]
    if augmented:
        warnings.append(
            f'{" ".join(augmented)}: tested with test-time augmentation; '
            f'report such figures apart.'
        )
    if augmented and plain:
        warnings.append(
            f'the streams differ in test-time augmentation: '
            f'{" ".join(augmented)} with, {" ".join(plain)} without.'
        )
    return warnings


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Read, fuse, measure.

    Args:
        args: The command line.

    Returns:
        The report.
    """
    paths = paths_by_stream(args.files, args.names)
    weights = weights_of(paths, args.weights)
    notes: list[str] = []
    streams = load_all(paths, args, notes)
    warnings = test_warnings(streams)
    how = None
    if args.search:
        if len(streams) < 2:
            raise PredictionsError('one stream has no weights to search.')
        streams, how = search(streams, weights, args, (notes, warnings))
    report = fusion_report(streams, weights, how and how['weights'])
    return report | {'search': how, 'notes': notes, 'warnings': warnings}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        if args.json is not None and args.json.exists() and not args.overwrite:
            raise PredictionsError(
                f'{args.json} exists; choose another name or use --overwrite.'
            )
        report = run(args)
        print_fusion_report(Console(), report)
        if args.json is not None:
            text = json.dumps(report, indent=2, ensure_ascii=False)
            with atomic_writer(args.json) as file:
                file.write(f'{text}\n'.encode())
            # Not through rich, which would break a long path into lines.
            print(f'written to {args.json}')
    except (ValueError, OSError, pickle.UnpicklingError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
