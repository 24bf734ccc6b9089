r"""Draw a skeleton sequence as GIF, MP4 or PNG strip: INPUT --out FILE.

INPUT is an annotation pickle or store (``--name`` says which sequence), a
file of key points (.csv, .json, .npy, .npz) or a folder of OpenPose's files.
For example, a sequence, seen from the side, and one beside the class that
its class is most confused with::

    python tools/visualizations/render_skeleton.py data/nw_ucla/nw_ucla.pkl \
        --layout kinect_v1 --name a01_s01_e02_v02 --out pick_up.gif \
        --azimuth 60
    python tools/visualizations/render_skeleton.py data/nw_ucla/nw_ucla.pkl \
        --layout kinect_v1 --name a01_s01_e02_v02 --out pick_up.png \
        --confusable work_dirs/nw_ucla/epoch_24.pth

Left limbs are light, right ones dark; joints that are 0 are missing and not
drawn. demo/demo_inferencer.py --vis-out draws what a model says as well.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)

from aclnet_plugin.apis.companions import Companions, Examples
from aclnet_plugin.apis.inferencers import InferenceError
from aclnet_plugin.apis.inferencers.inputs import (
    InputOptions,
    SkeletonSequence,
)
from aclnet_plugin.apis.inferencers.recipe import make_recipe
from aclnet_plugin.datasets.annotation_file import take_classes
from aclnet_plugin.structures import SkeletonLayout, get_layout
from aclnet_plugin.utils.arguments import make_parser, number_above_0
from aclnet_plugin.utils.safe_pickle import safe_load
from aclnet_plugin.visualization.rendering import (
    Panel,
    RenderStyle,
    render,
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('input', help='annotation file, store, file or folder')
    parser.add_argument(
        '--out',
        type=Path,
        required=True,
        metavar='FILE',
        help='.gif, .mp4, or .png for a strip of frames; replaced if it is '
        'there',
    )
    which = parser.add_argument_group('which sequence')
    which.add_argument('--name', help='frame_dir in an annotation file')
    which.add_argument('--split', metavar='NAME', help='split of the file')
    skeleton = parser.add_mutually_exclusive_group(required=True)
    skeleton.add_argument(
        '--layout', help='skeleton, such as nturgb+d, coco or kinect_v1'
    )
    skeleton.add_argument(
        '--config',
        type=local_file,
        metavar='FILE',
        help='config whose test dataset says the layout',
    )
    beside = parser.add_argument_group('beside it')
    beside.add_argument('--beside', metavar='NAME', help='another sequence')
    beside.add_argument(
        '--confusable',
        metavar='CHECKPOINT',
        help='an example of the class that the class of the sequence is most '
        'confused with, by the Motion Families of this checkpoint',
    )
    parser.add_argument('--title', help='defaults to the class')
    parser.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='names of the classes: text, one a line, or an annotation '
        'pickle. Defaults to those of the input',
    )
    _add_style_flags(parser.add_argument_group('picture'))
    args = parser.parse_args(argv)
    if args.beside is not None and args.confusable is not None:
        parser.error('give --beside or --confusable, not both')
    return args


def _add_style_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--fps', type=float, default=30.0, help='Defaults to 30'
    )
    group.add_argument(
        '--size',
        type=number_above_0,
        default=360,
        metavar='PIXELS',
        help='of a skeleton. Defaults to 360',
    )
    group.add_argument(
        '--step',
        type=number_above_0,
        metavar='N',
        help='every which frame. Defaults to all, of a GIF at most 300',
    )
    group.add_argument(
        '--columns',
        type=number_above_0,
        default=8,
        metavar='N',
        help='frames of a strip. Defaults to 8',
    )
    for name in ('azimuth', 'elevation'):
        group.add_argument(
            f'--{name}',
            type=float,
            default=0.0,
            metavar='DEGREES',
            help='from where a 3D skeleton is seen. Defaults to 0',
        )
    group.add_argument(
        '--up',
        choices=('y', '-y', 'z', '-z'),
        help='axis that points up (write --up=-y). Defaults to what is known '
        'of the layout',
    )
    group.add_argument(
        '--missing',
        choices=('error', 'zero'),
        default='zero',
        help='joints without a value in files of key points. Defaults to '
        'zero: they are not drawn',
    )


def read_names(path: Path) -> list[str]:
    """Class names of a text file, one a line, or an annotation file.

    Args:
        path: The file.
    """
    if path.suffix in ('.pkl', '.pickle'):
        return take_classes(safe_load(path), str(path))
    lines = path.read_text(encoding='utf-8-sig').splitlines()
    return [line.strip() for line in lines if line.strip()]


def panel_of(
    sequence: SkeletonSequence,
    layout: SkeletonLayout,
    names: Sequence[str],
    title: str | None = None,
    note: str | None = None,
) -> Panel:
    """The panel of a sequence.

    Args:
        sequence: What is drawn.
        layout: Its skeleton.
        names: Of the classes, possibly none.
        title: Defaults to None: its class, or name.
        note: Defaults to None: its name.
    """
    if sequence.sample['keypoint'].ndim != 4:
        raise InferenceError(
            f'{sequence.name} is a list of single skeletons, which cannot '
            'be drawn; use demo/demo_inferencer.py --vis-out with the config '
            'of its model.'
        )
    label = sequence.truth
    if title is None and label is not None:
        title = names[label] if label < len(names) else f'class {label}'
    if title is None:
        title, note = sequence.name, note or ''
    keypoint = sequence.sample['keypoint']
    note = sequence.name if note is None else note
    return Panel(keypoint, layout, title, note)


def layout_of(args: argparse.Namespace) -> SkeletonLayout:
    """The layout that was named, or that of the config.

    Args:
        args: The command line.
    """
    if args.config is None:
        return get_layout(args.layout)
    layout = make_recipe(read_config(args.config), args.config).layout
    if layout is None:
        raise InferenceError(f'{args.config} says no layout.')
    return layout


def run(args: argparse.Namespace) -> Path:
    """Read and draw.

    Args:
        args: The command line.
    """
    layout = layout_of(args)
    if Path(args.input).exists() and args.out.exists():
        if args.out.samefile(args.input):
            raise InferenceError(f'{args.out} is the input itself.')
    options = InputOptions(layout, args.split, missing=args.missing)
    examples = Examples(args.input, options)
    sequence = examples.called(args.name)
    names: Sequence[str] = sequence.classes
    if args.classes is not None:
        names = read_names(args.classes)
    panels = [panel_of(sequence, layout, names, args.title)]
    if args.beside is not None:
        panels.append(panel_of(examples.called(args.beside), layout, names))
    if args.confusable is not None:
        panels.append(confusable_panel(args, sequence, examples, names))
    style = RenderStyle(
        args.fps,
        args.size,
        args.azimuth,
        args.elevation,
        args.up,
        args.step,
        args.columns,
    )
    return render(panels, args.out, style)


def confusable_panel(
    args: argparse.Namespace,
    sequence: SkeletonSequence,
    examples: Examples,
    names: Sequence[str],
) -> Panel:
    """An example of the class that a class is most confused with.

    Args:
        args: The command line.
        sequence: Of the class.
        examples: Sequences to choose from.
        names: Of the classes.
    """
    if sequence.truth is None:
        raise InferenceError(
            f'{sequence.name} has no label, so that nothing is known to be '
            'confused with it; use demo/demo_inferencer.py --beside.'
        )
    found = Companions(args.confusable).of(sequence.truth)
    if found is None:
        raise InferenceError(
            f'in {args.confusable} the class of {sequence.name} was never '
            'confused with another.'
        )
    other = examples.of(found.label, sequence.name)
    kind = 'in its Motion Family' if found.member else 'closest class'
    note = f'{other.name}, {kind}, affinity {found.affinity:.2f}'
    return panel_of(other, layout_of(args), names, note=note)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        path = run(args)
    except (ValueError, OSError, ImportError, pickle.UnpicklingError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'written to {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
