r"""Score saved embeddings, of one stream or fused: FILE.npz ... --task TASK.

For example, the joint stream alone, and with the bone stream::

    python tools/score_embeddings.py j.npz --task gait
    python tools/score_embeddings.py j.npz b.npz --task gait \
        --out-dir scores --min-frames 61
    python tools/score_embeddings.py j.npz b.npz --task reid \
        --exclude-same-sequence

The files are made by tools/extract_embeddings.py, each with the config and
checkpoint of its stream. Samples are joined by name; the unit vectors of all
streams are put side by side. Gallery and probes are those of CASIA-B.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import _common  # noqa: F401  (first: finds an uninstalled checkout)
import numpy as np
from rich.console import Console

from aclnet_plugin.evaluation.embeddings import (
    Embeddings,
    EmbeddingsError,
    join_streams,
    read_embeddings,
)
from aclnet_plugin.evaluation.retrieval import (
    GaitProtocol,
    GaitScores,
    ReIDProtocol,
    ReIDScores,
    gait_scores,
    gait_text,
    reid_scores,
    reid_text,
    write_gait,
    write_reid,
)
from aclnet_plugin.utils.arguments import make_parser, number_above_0

Protocol = GaitProtocol | ReIDProtocol
Scores = GaitScores | ReIDScores

_FRAMES = 'total_frames'
_OF_TASK = {
    'views': 'gait',
    'include_identical_view': 'gait',
    'no_matrices': 'gait',
    'exclude_same_sequence': 'reid',
    'aggregate': 'reid',
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'files',
        nargs='+',
        type=Path,
        metavar='FILE.npz',
        help='embeddings, one file for each stream',
    )
    parser.add_argument(
        '--task',
        required=True,
        choices=('gait', 'reid'),
        help='gait: Rank-k by probe view; reid: CMC and mAP by setting',
    )
    parser.add_argument(
        '--topk',
        nargs='+',
        type=number_above_0,
        metavar='K',
        help='numbers k of Rank-k. Defaults to 1 for gait, 1 5 10 for reid',
    )
    parser.add_argument(
        '--unmatched',
        choices=('miss', 'skip'),
        default='miss',
        help='a probe whose identity the gallery lacks is an error, or is '
        'left out. Defaults to miss',
    )
    parser.add_argument(
        '--min-frames',
        type=number_above_0,
        metavar='N',
        help='leave out sequences with fewer frames. Defaults to all that '
        'the files have',
    )
    gait = parser.add_argument_group('gait')
    gait.add_argument(
        '--views',
        nargs='+',
        type=int,
        metavar='DEGREES',
        help='views that take part. Defaults to 0 18 ... 180',
    )
    gait.add_argument(
        '--include-identical-view',
        action='store_true',
        help="keep the gallery of the probe's own view in the means",
    )
    gait.add_argument(
        '--no-matrices',
        action='store_true',
        help='do not print the tables of probe view by gallery view',
    )
    reid = parser.add_argument_group('reid')
    reid.add_argument(
        '--exclude-same-sequence',
        action='store_true',
        help="leave what is from the probe's own video out of its gallery",
    )
    reid.add_argument(
        '--aggregate',
        choices=('mean',),
        help="mean: one item of a video's windows. Defaults to every window "
        'on its own',
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        metavar='DIR',
        help='also write the tables here, as CSV',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace these files'
    )
    parser.add_argument('--quiet', action='store_true', help='no spinner')
    args = parser.parse_args(argv)
    for name, task in _OF_TASK.items():
        if task != args.task and getattr(args, name):
            flag = name.replace('_', '-')
            parser.error(f'argument --{flag}: is for --task {task} only')
    return args


def protocol_of(args: argparse.Namespace) -> Protocol:
    """Who is compared with whom.

    Args:
        args: The command line.
    """
    chosen = {'unmatched': args.unmatched}
    if args.topk:
        chosen['topk'] = tuple(args.topk)
    if args.task == 'reid':
        return ReIDProtocol(
            exclude_same_sequence=args.exclude_same_sequence,
            aggregate=args.aggregate,
            **chosen,
        )
    if args.views:
        chosen['views'] = tuple(args.views)
    return GaitProtocol(
        exclude_identical_view=not args.include_identical_view, **chosen
    )


def score(
    files: Sequence[Embeddings], protocol: Protocol, min_frames: int | None
) -> tuple[Scores, list[str]]:
    """Join and score.

    Args:
        files: The streams.
        protocol: Who is compared with whom.
        min_frames: Sequences with fewer frames are left out; None for all.

    Returns:
        The scores, and sentences about which sequences these are of.
    """
    keys = set(protocol.keys)
    if min_frames is not None or all(_FRAMES in file.meta for file in files):
        # The rule for short walks changes what figures are a share of.
        keys.add(_FRAMES)
    items = join_streams(files, keys)
    notes = [f'{len(items):,} sequences']
    if min_frames is not None:
        kept = items.meta[_FRAMES] >= min_frames
        left_out = np.count_nonzero(~kept)
        notes[0] += f', {left_out:,} of them left out by --min-frames'
        items = items.take(kept)
        if not len(items):
            raise EmbeddingsError(
                f'no sequence has {min_frames} frames; lower --min-frames.'
            )
    if _FRAMES in keys and len(items):
        notes.append(
            f'the shortest used has {items.meta[_FRAMES].min()} frames'
        )
    scored = gait_scores if isinstance(protocol, GaitProtocol) else reid_scores
    return scored(items, protocol), notes


def origin_of(file: Embeddings) -> str:
    """Where a stream is from, in one line.

    Args:
        file: The stream.
    """
    about = file.about
    words = [
        f'{about.get("embedding")} of {about.get("checkpoint")}',
        f'config {about.get("config")}',
        f'split {about.get("split")}',
    ]
    # Streams may share the config and the name of the checkpoint.
    streams = np.unique(file.meta.get('stream', np.array([], np.str_)))
    if len(streams) == 1:
        words.insert(2, f'stream {streams[0]}')
    if about.get('tta'):
        words.append('test-time augmentation')
    return f'{file.path}: {", ".join(words)}'


def run(args: argparse.Namespace) -> None:
    """Read, score, print and write.

    Args:
        args: The command line.
    """
    if args.out_dir is not None and args.out_dir.is_file():
        raise EmbeddingsError(f'--out-dir {args.out_dir} is no folder.')
    if args.out_dir is not None and not args.overwrite:
        for path in sorted(args.out_dir.glob(f'{args.task}_*.csv')):
            raise EmbeddingsError(
                f'{path} exists; choose another --out-dir or use --overwrite.'
            )
    protocol = protocol_of(args)
    console = Console(stderr=True)
    silent = args.quiet or not console.is_terminal
    with nullcontext() if silent else console.status('scoring'):
        files = [read_embeddings(path) for path in args.files]
        scores, notes = score(files, protocol, args.min_frames)
    print(*map(origin_of, files), sep='\n')
    print(f'{"; ".join(notes)}.')
    if args.task == 'gait':
        print(gait_text(scores, matrices=not args.no_matrices))
    else:
        print(reid_text(scores))
    for problem in scores.problems():
        print(f'warning: {problem}.', file=sys.stderr)
    if args.out_dir is not None:
        write = write_gait if args.task == 'gait' else write_reid
        for path in write(scores, args.out_dir):
            print(f'written to {path}', file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        run(args)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
