"""Convert the skeletons of NW-UCLA to an annotation file.

The input is the archive of JSON files (``.tar``, ``.tar.gz``, ``.tar.xz``,
...) or a folder with them, named ``aAA_sSS_eEE_vVV.json`` after action,
subject, execution and camera view. The archive is read in place, nothing is
extracted. Example::

    python tools/data/nw_ucla.py nw-ucla-raw.tar.xz data/nw_ucla/nw_ucla.pkl

Splits of the result:

* ``xview_train``, ``xview_val``: the usual protocol, views 1 and 2 for
  training, view 3 for testing. ``xview3_*`` is the same; ``xview1_*`` and
  ``xview2_*`` test on the other views.
* ``xview_dev_train``, ``xview_dev_val``: views 1 and 2 of ``xview_train``, one
  to train on and one held back, so that settings can be chosen for an unseen
  view without a look at view 3.
* ``xview_val_unseen``, ``xview3_val_unseen``, ...: those of ``xview_val``,
  ``xview3_val``, ... whose key points no training sequence has. In the archive
  that is commonly distributed, view 3 repeats 95 sequences of view 2 (all that
  it has of *pick up with two hands* and *drop trash*): a fifth of what the
  usual protocol tests on is training data.
* ``xsub_train``, ``xsub_val``: subjects with odd numbers for training, with
  even numbers for testing (a choice of this project; no such protocol is in
  common use).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from rich.progress import track

from aclnet_plugin.datasets.converters import (
    BadFile,
    Conversion,
    report_and_write,
    run_tool,
)
from aclnet_plugin.structures import get_layout
from aclnet_plugin.utils.arguments import make_parser

# Action numbers 7 and 10 do not exist; the label counts the ten that do.
CLASSES = {
    1: 'pick up with one hand',
    2: 'pick up with two hands',
    3: 'drop trash',
    4: 'walk around',
    5: 'sit down',
    6: 'stand up',
    8: 'donning',
    9: 'doffing',
    11: 'throw',
    12: 'carry',
}
NOMINAL_VIEWS = {1: 516, 2: 504, 3: 464}
_DEV_VIEWS = {1: 'train', 2: 'val'}
NUM_JOINTS = get_layout('kinect_v1').num_joints
# Far above any real file: 200 frames take about 100 kB of text.
MAX_BYTES = 16 * 2**20
_NAME = re.compile(r'a(\d\d)_s(\d\d)_e(\d\d)_v(\d\d)')


def read_source(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name (without suffix) and content of every JSON file.

    Args:
        source: Archive or folder.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If an archive is damaged or has an unsafe member.
    """
    if source.is_dir():
        for path in sorted(source.rglob('a*_s*_e*_v*.json')):
            yield path.stem, path.read_bytes()
        return
    if not source.exists():
        raise FileNotFoundError(f'There is no file or folder {source}.')
    try:
        with tarfile.open(source, 'r:*') as archive:
            yield from _read_archive(archive, source)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(
            f'{source} cannot be read as a tar archive ({error}); download '
            'it again.'
        ) from error


def _read_archive(
    archive: tarfile.TarFile, source: Path
) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        path = PurePosixPath(member.name)
        unsafe = path.is_absolute() or '..' in path.parts
        if unsafe or not (member.isfile() or member.isdir()):
            raise ValueError(
                f'{source} has the odd member {member.name!r}; an archive of '
                'this data holds plain files only.'
            )
        if not member.isfile() or not _NAME.fullmatch(path.stem):
            continue
        if member.size > MAX_BYTES:
            raise ValueError(
                f'{source}: {member.name} claims {member.size} bytes; the '
                f'limit is {MAX_BYTES}.'
            )
        if path.suffix == '.json':
            yield path.stem, archive.extractfile(member).read()


def parse_sample(name: str, content: bytes, dtype: str) -> dict[str, Any]:
    """Turn one JSON file into an annotation.

    Args:
        name: File name without suffix.
        content: The file.
        dtype: ``'float16'`` or ``'float32'``.

    Returns:
        Sample with ``keypoint`` ``(1, T, 20, 3)``.

    Raises:
        BadFile: If the content is not as expected.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise BadFile(f'{name}.json: the name is not like a01_s01_e01_v01.')
    action, subject, execution, view = map(int, match.groups())
    if action not in CLASSES:
        raise BadFile(f'{name}.json: there is no action {action:02d}.')
    try:
        record = json.loads(content)
        pose = np.array(record['skeletons'], dtype=np.float32)
        label = record['label']
    except (ValueError, TypeError, KeyError) as error:
        raise BadFile(
            f'{name}.json is broken: {type(error).__name__}: {error}.'
        ) from error
    if pose.ndim != 3 or pose.shape[1:] != (NUM_JOINTS, 3) or not len(pose):
        raise BadFile(
            f'{name}.json: skeletons has the shape {pose.shape}, expected '
            f'(frames, {NUM_JOINTS}, 3).'
        )
    if not np.isfinite(pose).all():
        frame, joint = np.argwhere(~np.isfinite(pose))[0, :2]
        raise BadFile(
            f'{name}.json: frame {frame}, joint {joint} is not a finite '
            'number.'
        )
    if label != list(CLASSES).index(action) + 1:
        raise BadFile(
            f'{name}.json: label {label!r} does not belong to action '
            f'{action:02d}.'
        )
    return dict(
        frame_dir=name,
        label=label - 1,
        total_frames=len(pose),
        keypoint=pose[None].astype(dtype),
        subject=subject,
        execution=execution,
        view=view,
    )


def make_splits(samples: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """The splits described at the top of this file."""
    splits: dict[str, list[str]] = {}
    for sample in samples:
        name = sample['frame_dir']
        for view in NOMINAL_VIEWS:
            half = 'val' if sample['view'] == view else 'train'
            splits.setdefault(f'xview{view}_{half}', []).append(name)
        if sample['view'] in _DEV_VIEWS:
            half = _DEV_VIEWS[sample['view']]
            splits.setdefault(f'xview_dev_{half}', []).append(name)
        half = 'train' if sample['subject'] % 2 else 'val'
        splits.setdefault(f'xsub_{half}', []).append(name)
    content = {s['frame_dir']: s['keypoint'].tobytes() for s in samples}
    for view in NOMINAL_VIEWS:
        seen = {content[name] for name in splits.get(f'xview{view}_train', ())}
        splits[f'xview{view}_val_unseen'] = [
            name
            for name in splits.get(f'xview{view}_val', ())
            if content[name] not in seen
        ]
    for half in ('train', 'val', 'val_unseen'):
        splits[f'xview_{half}'] = splits.get(f'xview3_{half}', [])
    return splits


def convert(
    source: Path,
    dtype: str = 'float32',
    on_error: str = 'stop',
    quiet: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """Read everything and build the annotation dict.

    Args:
        source: Archive or folder.
        dtype: Type of the coordinates.
        on_error: ``'stop'`` at the first bad file or ``'skip'`` it.
        quiet: Whether to leave out the progress bar.

    Returns:
        The annotation dict and a message for every skipped file.
    """
    samples: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    files = track(
        read_source(source),
        description='reading',
        total=sum(NOMINAL_VIEWS.values()),
        disable=quiet,
        transient=True,
    )
    for name, content in files:
        try:
            if name in samples:
                raise BadFile(f'{name}.json occurs twice.')
            samples[name] = parse_sample(name, content, dtype)
        except BadFile as error:
            if on_error == 'stop':
                raise
            problems.append(str(error))
    if not samples:
        raise ValueError(
            f'{source} has no usable file named like a01_s01_e01_v01.json.'
        )
    annotations = [samples[name] for name in sorted(samples)]
    return dict(
        split=make_splits(annotations),
        annotations=annotations,
        classes=list(CLASSES.values()),
    ), problems


def summarize(content: dict[str, Any]) -> str:
    """A few lines about the result, with the numbers it should have."""
    samples = content['annotations']
    frames = [s['total_frames'] for s in samples]
    views = Counter(s['view'] for s in samples)
    nominal = sum(NOMINAL_VIEWS.values())
    lines = [
        f'{len(samples)} sequences (complete: {nominal}), '
        f'{len({s["subject"] for s in samples})} subjects, '
        f'{len({s["label"] for s in samples})} classes, '
        f'{min(frames)} to {max(frames)} frames, '
        f'mean {np.mean(frames):.1f}'
    ]
    lines += [
        f'  view {view}: {views[view]} (complete: {count})'
        for view, count in NOMINAL_VIEWS.items()
    ]
    if {view: views[view] for view in NOMINAL_VIEWS} != NOMINAL_VIEWS:
        lines.append(
            'WARNING: the data set is not complete; results will not be '
            'comparable with published ones.'
        )
    tested, unseen = (
        len(content['split'][f'xview_{half}'])
        for half in ('val', 'val_unseen')
    )
    if unseen < tested:
        lines.append(
            f'{tested - unseen} of the {tested} sequences of xview_val are '
            f'in xview_train, too, with the same key points; xview_val_unseen '
            f'has the others.'
        )
    return '\n'.join(lines)


def command_line() -> argparse.ArgumentParser:
    """The command line; an archive is read by one process, in order."""
    parser = make_parser(__doc__)
    parser.add_argument('source', type=Path, help='archive or folder')
    parser.add_argument('out', type=Path, help='.pkl or .store to write')
    parser.add_argument(
        '--dtype', choices=('float32', 'float16'), default='float32'
    )
    parser.add_argument(
        '--on-error',
        choices=('stop', 'skip'),
        default='stop',
        help='what to do with a file that is broken. Defaults to stop',
    )
    parser.add_argument('--overwrite', action='store_true')
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser


def work(args: argparse.Namespace) -> None:
    """Convert, write and report."""
    content, problems = convert(
        args.source, args.dtype, args.on_error, args.quiet
    )
    done = Conversion(problems=problems)
    report_and_write(content, args.out, args.overwrite, done)
    print(summarize(content))


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return run_tool(work, command_line().parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
