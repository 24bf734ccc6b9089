"""Write an annotation file of synthetic skeleton sequences.

Example::

    python tools/data/synthetic.py --out data/synthetic/synthetic_3d.pkl

The file has the splits ``xsub_train``, ``xsub_val``, ``xview_train`` and
``xview_val``. The same settings always give the same file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from rich.console import Console

from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__, defaults=True)
    parser.add_argument('--out', type=Path, required=True, help='file')
    parser.add_argument('--num-classes', type=int, default=12)
    parser.add_argument(
        '--group-size',
        type=int,
        default=3,
        help='classes per group of similar movements; 1 is easy',
    )
    parser.add_argument('--num-subjects', type=int, default=8)
    parser.add_argument('--num-views', type=int, default=3)
    parser.add_argument(
        '--samples-per-cell',
        type=int,
        default=4,
        help='repetitions per class, subject and view',
    )
    parser.add_argument(
        '--layout', choices=('nturgb+d', 'kinect_v1'), default='nturgb+d'
    )
    parser.add_argument(
        '--num-frames',
        type=int,
        nargs=2,
        default=(60, 100),
        metavar=('MIN', 'MAX'),
    )
    parser.add_argument(
        '--noise', type=float, default=0.01, help='in metres, per coordinate'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace a file made with other settings',
    )
    return parser.parse_args(argv)


def _made_with(path: Path) -> Any:
    """Settings stored in an existing file, if it is one of ours."""
    try:
        content = safe_load(path)
    except UnpicklingError:
        return None
    return content.get('settings') if isinstance(content, dict) else None


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    args = parse_args(argv)
    settings = {
        key: value
        for key, value in vars(args).items()
        if key not in ('out', 'overwrite')
    }
    settings['num_frames'] = list(args.num_frames)
    if args.out.exists() and not args.overwrite:
        if _made_with(args.out) == settings:
            print(f'{args.out} is there already, with the same settings.')
            return 0
        print(
            f'error: {args.out} exists and was made with other settings; '
            'choose another name or use --overwrite.',
            file=sys.stderr,
        )
        return 1
    console = Console(stderr=True)
    try:
        with console.status('generating'):
            content = generate_synthetic_skeletons(**settings)
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    atomic_dump(content | {'settings': settings}, args.out)
    print(
        f'{len(content["annotations"])} sequences of '
        f'{len(content["classes"])} classes written to {args.out}'
    )
    for name, ids in content['split'].items():
        print(f'  {name}: {len(ids)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
