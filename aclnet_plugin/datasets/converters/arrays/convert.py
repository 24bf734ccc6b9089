"""A folder with one file for each sequence, in any of the plain forms."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..outcomes import BadFile
from .files import read_json, read_npy, read_npz
from .labels import Labels
from .pose import ArrayOptions, make_sample
from .table_forms import read_csv

READERS = {
    '.npy': read_npy,
    '.npz': read_npz,
    '.json': read_json,
    '.csv': read_csv,
    '.tsv': read_csv,
    '.txt': read_csv,
}


@dataclass
class Collected:
    """The sequences of a folder, with what is told about them.

    Args:
        samples: Annotations, all with the same joints.
        joints: Names of the joints, or empty.
        notes: What was detected, with the number of files.
        missing: Joints that were set to 0.
        problems: One sentence for each sequence that was left out.
    """

    samples: list[dict[str, Any]] = field(default_factory=list)
    joints: list[str] = field(default_factory=list)
    notes: Counter = field(default_factory=Counter)
    missing: int = 0
    problems: list[str] = field(default_factory=list)


def find_sequences(
    root: Path, leave_out: Collection[Path] = ()
) -> tuple[dict[str, Path], int]:
    """Files of sequences below a folder.

    Args:
        root: The folder.
        leave_out: Files that are something else, such as the table of labels.

    Returns:
        Name (path below the folder, without its ending) to file, and the
        number of files that have another ending.

    Raises:
        ValueError: If there is no such folder or file, two files have the
            same name, or a link or name is broken.
    """
    if not root.is_dir():
        raise ValueError(f'There is no folder {root}.')
    others = 0
    files: dict[str, Path] = {}
    known = {path.resolve() for path in leave_out}
    for path in sorted(root.rglob('*')):
        below = path.relative_to(root)
        if any(part.startswith('.') for part in below.parts):
            continue
        _refuse_path(path)
        if not path.is_file() or path.resolve() in known:
            continue
        if path.suffix.lower() not in READERS:
            others += 1
            continue
        name = below.with_suffix('').as_posix()
        if name in files:
            raise ValueError(
                f'{files[name]} and {path} have the same name. Remove or '
                'rename one of them.'
            )
        files[name] = path
    if not files:
        raise ValueError(
            f'{root} has no file that ends in {", ".join(READERS)}.'
        )
    return files, others


def _refuse_path(path: Path) -> None:
    """Notice links to nothing and names that nobody could print."""
    if path.is_symlink() and not path.exists():
        raise ValueError(f'{path} is a link to nothing. Remove or mend it.')
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f'{path.parent}: the name {os.fsencode(path.name)!r} is not in '
            'UTF-8. Rename it.'
        ) from None


def read_sequence(
    path: Path, root: Path, options: ArrayOptions
) -> list[dict[str, Any]]:
    """Read one file.

    Args:
        path: The file.
        root: The folder that names are counted from.
        options: What the user said.

    Returns:
        One sample, without label.

    Raises:
        BadFile: Names the file, the place, the fault and what to do.
    """
    pose = READERS[path.suffix.lower()](path, options)
    name = path.relative_to(root).with_suffix('').as_posix()
    sample = make_sample(path, pose, options)
    return [dict(frame_dir=name, path=str(path)) | sample]


def reader_of(root: Path, options: ArrayOptions) -> partial:
    """:func:`read_sequence` for :func:`~.running.convert_all`."""
    return partial(read_sequence, root=root, options=options)


def collect(
    read: Sequence[Mapping[str, Any]],
    labels: Labels,
    on_error: str = 'stop',
) -> Collected:
    """Compare the sequences with each other and give them their labels.

    Args:
        read: What :func:`read_sequence` returned for all files.
        labels: Labels and further columns.
        on_error: ``'stop'`` at a sequence unlike the others, or ``'skip'``.

    Raises:
        BadFile: If a sequence has other joints or coordinates than most.
    """
    found = Collected()
    kinds = Counter(sample['keypoint'].shape[2:] for sample in read)
    usual = kinds.most_common(1)[0][0]
    model = next(s for s in read if s['keypoint'].shape[2:] == usual)
    found.joints = list(model['names'])
    for one in read:
        sample = dict(one)
        path, names = sample.pop('path'), sample.pop('names')
        problem = _oddity(sample, names, usual, model)
        if problem is not None:
            message = f'{path}: {problem}'
            if on_error == 'stop':
                raise BadFile(message)
            found.problems.append(message)
            continue
        if names != found.joints and names:
            _reorder(sample, [names.index(name) for name in found.joints])
        found.notes.update(sample.pop('notes'))
        found.missing += sample.pop('missing')
        name = sample['frame_dir']
        sample |= {
            key: value
            for key, value in labels.fields.get(name, {}).items()
            if key != 'split'
        }
        found.samples.append(sample | {'label': labels.of[name]})
    return found


def _oddity(
    sample: Mapping[str, Any],
    names: Sequence[str],
    usual: tuple[int, int],
    model: Mapping[str, Any],
) -> str | None:
    """What sets a sequence apart from the others, or ``None``."""
    shape = sample['keypoint'].shape[2:]
    if shape != usual:
        return (
            f'{shape[0]} joints with {shape[1]} coordinates, but most files '
            f'have {usual[0]} with {usual[1]}, such as {model["path"]}. '
            'Correct the file or take it out of the folder.'
        )
    if ('keypoint_score' in sample) != ('keypoint_score' in model):
        has = 'has' if 'keypoint_score' in sample else 'has no'
        return (
            f'it {has} scores, unlike {model["path"]}. All files or none need '
            'them.'
        )
    if names and model['names'] and set(names) != set(model['names']):
        odd = sorted(set(names) ^ set(model['names']))[0]
        only = 'here' if odd in names else f'in {model["path"]}'
        return f'the joint {odd!r} is only {only}. Use the same names.'
    return None


def _reorder(sample: dict[str, Any], order: list[int]) -> None:
    """Bring the joints into the order of the first file."""
    for key in ('keypoint', 'keypoint_score'):
        if key in sample:
            sample[key] = sample[key][:, :, order]
    sample['notes'] = [*sample['notes'], 'columns in another order']
