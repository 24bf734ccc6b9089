"""Write a folder of made-up sequences, to try docs/custom_data.md with.

The skeleton has 13 joints, and the 7 classes are movements of which some
resemble each other. There is one CSV file for each sequence, and
``labels.csv`` names class and subject of each. Coordinates are metres or, in
2D, pixels of images 640 wide and 480 high, with a score. Example::

    python tools/data/arrays_example.py data/raw/mine
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from rich.progress import track

from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.utils.arguments import make_parser

# Those of Kinect v2 that are kept.
JOINTS = {
    'head': 3,
    'neck': 20,
    'right_shoulder': 8,
    'right_elbow': 9,
    'right_wrist': 10,
    'left_shoulder': 4,
    'left_elbow': 5,
    'left_wrist': 6,
    'pelvis': 0,
    'right_knee': 17,
    'right_ankle': 18,
    'left_knee': 13,
    'left_ankle': 14,
}


def to_image(pose: np.ndarray) -> np.ndarray:
    """Joints in metres ``(T, V, 3)`` as x, y in pixels and a score."""
    pixels = (320, 240) + 150 * pose[..., :2] * (1, -1)
    score = 0.9 + 0.1 * np.sin(100 * pose[..., :1])
    return np.concatenate([pixels, score], axis=-1)


def write_example(
    folder: Path,
    repeats: int = 3,
    dims: int = 3,
    seed: int = 0,
    quiet: bool = False,
) -> int:
    """Write the files.

    Args:
        folder: Where to; it is made.
        repeats: How often each of 8 subjects repeats each class in front of
            each of two cameras. Defaults to 3.
        dims: 2 or 3. Defaults to 3.
        seed: Of the movements. Defaults to 0.
        quiet: Whether to leave out the progress bar.

    Returns:
        The number of sequences.
    """
    content = generate_synthetic_skeletons(
        num_classes=7,
        group_size=2,
        num_subjects=8,
        num_views=2,
        samples_per_cell=repeats,
        num_frames=(40, 60),
        seed=seed,
    )
    samples = content['annotations']
    axes = ('x', 'y', 'z' if dims == 3 else 'score')
    header = ','.join(f'{name}_{axis}' for name in JOINTS for axis in axes)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, sample in enumerate(
        track(samples, 'writing', disable=quiet, transient=True)
    ):
        name = f'{number:04d}'
        pose = sample['keypoint'][0][:, list(JOINTS.values())]
        pose = np.asarray(pose, dtype=np.float64)
        pose = pose if dims == 3 else to_image(pose)
        table = pose.reshape(len(pose), -1)
        path = folder / f'{name}.csv'
        np.savetxt(path, table, '%.4f', ',', header=header, comments='')
        label = content['classes'][sample['label']].replace(', ', ' ')
        rows.append((name, label, sample['subject']))
    with open(folder / 'labels.csv', 'w', newline='') as file:
        csv.writer(file).writerows([('name', 'label', 'subject'), *rows])
    return len(samples)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument('folder', type=Path, help='folder to make')
    parser.add_argument(
        '--repeats',
        type=int,
        default=3,
        help='of each class, subject and camera. Defaults to 3',
    )
    parser.add_argument('--dims', type=int, choices=(2, 3), default=3)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    args = parser.parse_args(argv)
    try:
        if args.folder.exists() and any(args.folder.iterdir()):
            raise ValueError(f'{args.folder} is not empty.')
        number = write_example(
            args.folder, args.repeats, args.dims, args.seed, args.quiet
        )
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'{number} sequences and labels.csv written to {args.folder}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
