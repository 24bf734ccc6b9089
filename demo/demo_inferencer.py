r"""Recognise actions: CONFIG CHECKPOINT INPUT... [flags].

An input is a file of key points (.csv, .json, .npy, .npz), a folder of them
or of OpenPose's files, an annotation pickle or store, or a video (with
``pip install "aclnet_plugin[pose]"``). For example, one sequence; a long one
in segments, with a film; two streams fused::

    python demo/demo_inferencer.py CONFIG work_dirs/x/epoch_16.pth walk.csv
    python demo/demo_inferencer.py CONFIG work_dirs/x/epoch_16.pth long.npy \
        --window 64 --min-length 20 --out long.json --vis-out long.mp4
    python demo/demo_inferencer.py J.py J.pth data/test.pkl --split xsub_val \
        --stream B.py B.pth --out fused.json

Prints one line for each sequence, person and segment. What cannot be used is
named, and the others are done all the same; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))

from _common import (  # first: finds an uninstalled checkout
    local_file,
)
from _flags import add_cfg_options, add_device
from mmengine.logging import MMLogger
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.apis import ACLInferencer, InferenceError
from aclnet_plugin.apis.inferencers.configs import config_of
from aclnet_plugin.apis.inferencers.windows import SMOOTHINGS
from aclnet_plugin.utils.arguments import (
    make_parser,
    number_above_0,
    whole_from,
)
from aclnet_plugin.utils.atomic import atomic_writer


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        'inputs', nargs='+', metavar='INPUT', help='files or folders'
    )
    parser.add_argument(
        '--stream',
        nargs=2,
        action='append',
        default=[],
        metavar=('CONFIG', 'CHECKPOINT'),
        help='another model, whose scores are fused; may come several times',
    )
    parser.add_argument(
        '--weights',
        nargs='+',
        type=float,
        metavar='W',
        help='of the models, in their order. Defaults to 2 for j b k and 1 '
        'for jm bm km',
    )
    parser.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='names of the classes: text, one a line, or an annotation '
        'pickle. Defaults to those of the checkpoint',
    )
    parser.add_argument(
        '--top',
        type=number_above_0,
        default=5,
        metavar='N',
        help='how many classes are told. Defaults to 5',
    )
    _add_input_flags(parser.add_argument_group('inputs'))
    _add_window_flags(parser.add_argument_group('long sequences'))
    _add_picture_flags(parser.add_argument_group('output'))
    parser.add_argument(
        '--batch-size',
        type=number_above_0,
        default=16,
        metavar='N',
        help='pieces at once. Defaults to 16',
    )
    add_device(parser)
    parser.add_argument(
        '--reparameterize',
        action='store_true',
        help='fold the models into a faster form; scores differ by rounding',
    )
    add_cfg_options(
        parser, 'those of CONFIG', 'test_dataloader.dataset.stream=b'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser.parse_args(argv)


def _add_input_flags(group: Any) -> None:
    group.add_argument(
        '--split',
        metavar='NAME',
        help='split of annotation files. Defaults to all sequences',
    )
    group.add_argument(
        '--name',
        nargs='+',
        metavar='NAME',
        help='sequences (frame_dir) of annotation files',
    )
    group.add_argument(
        '--image-size',
        nargs=2,
        type=number_above_0,
        metavar=('HEIGHT', 'WIDTH'),
        help='of the images that 2D key points are in, pixels',
    )
    group.add_argument(
        '--missing',
        choices=('error', 'zero'),
        default='error',
        help='what becomes of joints without a value. Defaults to error',
    )
    group.add_argument(
        '--max-persons',
        type=number_above_0,
        default=2,
        metavar='N',
        help="persons that are kept of a video or of OpenPose's files. "
        'Defaults to 2',
    )
    group.add_argument(
        '--pose-mode',
        choices=('lightweight', 'balanced', 'performance'),
        default='balanced',
        help='pose estimator of videos. Defaults to balanced',
    )


def _add_window_flags(group: Any) -> None:
    group.add_argument(
        '--window',
        type=number_above_0,
        metavar='FRAMES',
        help='slide a window over each sequence and tell segments',
    )
    group.add_argument(
        '--stride',
        type=number_above_0,
        metavar='FRAMES',
        help='from one window to the next. Defaults to half a window',
    )
    group.add_argument(
        '--smooth',
        choices=SMOOTHINGS,
        default='mean',
        help='over neighbouring windows. Defaults to mean',
    )
    group.add_argument(
        '--smooth-size',
        type=number_above_0,
        default=3,
        metavar='N',
        help='how many windows, odd. Defaults to 3',
    )
    group.add_argument(
        '--min-length',
        type=whole_from(0),
        default=0,
        metavar='FRAMES',
        help='shorter segments become part of a neighbour. Defaults to 0',
    )
    group.add_argument(
        '--min-score',
        type=float,
        default=0.0,
        metavar='SCORE',
        help='leave out segments below it. Defaults to 0',
    )
    group.add_argument(
        '--per-person',
        action='store_true',
        help='one result for each person instead of one for all',
    )


def _add_picture_flags(group: Any) -> None:
    group.add_argument(
        '--out', type=Path, metavar='FILE.json', help='write the results here'
    )
    group.add_argument(
        '--full-scores',
        action='store_true',
        help='with the scores of all classes',
    )
    group.add_argument(
        '--vis-out',
        type=Path,
        metavar='PATH',
        help='draw the skeletons: a file (.gif, .mp4, or .png for a strip) '
        'for one sequence, a folder for several',
    )
    group.add_argument(
        '--vis-format',
        choices=('gif', 'mp4', 'png'),
        default='gif',
        help='of the files in that folder. Defaults to gif',
    )
    group.add_argument(
        '--beside',
        type=Path,
        metavar='ANN_FILE',
        help='draw beside each an example, from this annotation file or '
        'store, of the class that its class is most confused with',
    )
    group.add_argument(
        '--fps', type=float, help='of the pictures. Defaults to 30'
    )
    for name in ('azimuth', 'elevation'):
        group.add_argument(
            f'--{name}',
            type=float,
            default=0.0,
            metavar='DEGREES',
            help='from where 3D skeletons are seen. Defaults to 0',
        )
    group.add_argument(
        '--up',
        choices=('y', '-y', 'z', '-z'),
        help='axis that points up (write --up=-y). Defaults to what is known '
        'of the layout',
    )


def lines_of(prediction: dict[str, Any]) -> Iterator[list[str]]:
    """What is told of one sequence: input, what, class, score.

    Args:
        prediction: Plain, as the inferencer returns it.
    """
    name = prediction['input']
    if 'error' in prediction:
        return
    for track in prediction.get('tracks', [prediction]):
        who = 'all'
        if 'person' in track:
            who = f'person {track["person"]}'
        if 'segments' in track:
            for one in track['segments']:
                frames = f'{who}, frames {one["start"]}-{one["end"] - 1}'
                yield [name, frames, one['name'], f'{one["score"]:.4f}']
            continue
        for one in track['top']:
            yield [name, who, one['name'], f'{one["score"]:.4f}']


def show(predictions: Sequence[dict[str, Any]]) -> None:
    """Print all predictions: a table on a terminal, else columns.

    Args:
        predictions: Plain, as the inferencer returns them.
    """
    rows = [row for one in predictions for row in lines_of(one)]
    console = Console()
    if not console.is_terminal:
        for row in rows:
            print('  '.join(row))
        return
    table = Table('input', 'of', 'class', 'score')
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def infer(args: argparse.Namespace) -> dict[str, Any]:
    """Load the models and run them.

    Args:
        args: The command line.
    """
    cfg, _ = config_of(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    MMLogger.get_current_instance().setLevel('WARNING')
    recognise = ACLInferencer(
        cfg,
        args.checkpoint,
        args.device,
        show_progress=not args.quiet,
        others=args.stream,
        fusion_weights=args.weights,
        classes=args.classes,
        reparameterize=args.reparameterize,
        pose_mode=args.pose_mode,
    )
    drawing = {}
    if args.vis_out is not None:
        drawing = dict(
            vis_out=args.vis_out,
            vis_format=args.vis_format,
            vis_fps=args.fps,
            beside=args.beside,
            azimuth=args.azimuth,
            elevation=args.elevation,
            up=args.up,
        )
    return recognise(
        args.inputs,
        batch_size=args.batch_size,
        split=args.split,
        names=args.name,
        image_size=args.image_size and tuple(args.image_size),
        missing=args.missing,
        max_persons=args.max_persons,
        window=args.window,
        stride=args.stride,
        smooth=args.smooth,
        smooth_size=args.smooth_size,
        min_length=args.min_length,
        min_score=args.min_score,
        per_person=args.per_person,
        top=args.top,
        full_scores=args.full_scores,
        on_error='skip',
        **drawing,
    )


def write(args: argparse.Namespace, results: dict[str, Any]) -> None:
    """Write the results as JSON.

    Args:
        args: The command line.
        results: Of the inferencer.
    """
    content = {
        'config': args.config,
        'checkpoint': args.checkpoint,
        'streams': args.stream,
        **results,
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    with atomic_writer(args.out) as file:
        file.write(f'{text}\n'.encode())
    print(f'written to {args.out}', file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        _refuse_to_replace(args)
        results = infer(args)
        show(results['predictions'])
        for path in results['visualization']:
            if path is not None:
                print(f'written to {path}', file=sys.stderr)
        if args.out is not None:
            write(args, results)
    except KeyboardInterrupt:
        print('error: interrupted', file=sys.stderr)
        return 130
    except (
        *(ValueError, OSError, RuntimeError, ImportError, MemoryError),
        pickle.UnpicklingError,
    ) as error:
        print(f'error: {error or type(error).__name__}', file=sys.stderr)
        return 1
    wrong = [p for p in results['predictions'] if 'error' in p]
    for one in wrong:
        said = one['error']
        named = said if one['input'] in said else f'{one["input"]}: {said}'
        print(f'error: {named}', file=sys.stderr)
    return 1 if wrong else 0


def _refuse_to_replace(args: argparse.Namespace) -> None:
    """What is read must not be written."""
    read = [args.config, args.checkpoint, *args.inputs]
    for out in (args.out, args.vis_out):
        for name in read:
            same = out is not None and out.is_file() and Path(name).is_file()
            if same and out.samefile(name):
                raise InferenceError(
                    f'{out} is one of the files to read; write to another '
                    'name.'
                )


if __name__ == '__main__':
    sys.exit(main())
