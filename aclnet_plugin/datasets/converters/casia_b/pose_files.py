"""Read a folder of pickles, one for each walk (CASIA-B-Pose).

``SSS/cc-NN/VVV/VVV.pkl`` holds an array ``(T, 17, 3)``, or a list of frames:
x, y in pixels and confidence of the joints of COCO. Numbers of the frames
are not known. Pickles are read as data; nothing in them can run.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ....utils.safe_pickle import safe_load
from ....utils.shown import shown
from ..outcomes import BadFile
from ..running import Conversion, convert_all
from .protocol import Walk, parse_walk
from .samples import JOINTS, first_fault, good_frames, make_sample

LOST = 'frames that have not 51 numbers'


def find_pickles(root: Path, on_error: str) -> tuple[list[Path], list[str]]:
    """Find the pickles of the walks.

    Args:
        root: Folder, or one above it.
        on_error: ``'stop'`` or ``'skip'`` what is no walk, or one again.

    Returns:
        The files in the order of the walks, and a sentence for each file
        that is skipped.

    Raises:
        BadFile: At the first such file, unless they are skipped.
        FileNotFoundError: If there is no such folder.
        ValueError: If there is no pickle in it.
    """
    if not root.is_dir():
        raise FileNotFoundError(f'There is no folder {root}.')
    found: dict[Walk, Path] = {}
    problems = []
    files = sorted(
        path for path in root.rglob('*.pkl') if not path.name.startswith('.')
    )
    for path in files:
        try:
            walk = walk_of(path)
            if walk in found:
                raise BadFile(
                    f'{path}: {walk.name} is in {found[walk]}, too. Remove '
                    'one of them, or give the folder above the right one.'
                )
            found[walk] = path
        except BadFile as error:
            if on_error == 'stop':
                raise
            problems.append(str(error))
    if not found:
        told = f' ({problems[0]})' if problems else ''
        raise ValueError(
            f'{root} has no file like 001/nm-01/090/090.pkl{told}; unpack '
            'the archive and give its folder.'
        )
    return [found[walk] for walk in sorted(found)], problems


def walk_of(path: Path) -> Walk:
    """The walk that a file belongs to, as its folders say.

    Args:
        path: For example ``001/nm-01/090/090.pkl``.

    Raises:
        BadFile: If they do not say a walk that there is.
    """
    parts = path.parts[-4:-1]
    try:
        walk = parse_walk('-'.join(parts))
    except ValueError as error:
        raise BadFile(
            f'{path}: {error}. Files are in 001/nm-01/090 and so on.'
        ) from None
    if path.stem != parts[-1]:
        raise BadFile(
            f'{path}: the file should be named {parts[-1]}.pkl after its view.'
        )
    return walk


def convert_pickle(path: os.PathLike[str]) -> list[dict[str, Any]]:
    """Read the walk of a pickle.

    Args:
        path: The file.

    Returns:
        Its annotation; and, if frames were left out, a dict with ``told``,
        a sentence, and ``lost``, their number.

    Raises:
        BadFile: If it does not hold a walk.
    """
    walk = walk_of(Path(path))
    try:
        pose = _as_pose(safe_load(path), path)
    except pickle.UnpicklingError as error:
        raise BadFile(str(error)) from None
    except OSError as error:
        # There is no strerror where the reader has words of its own.
        why = error.strerror or error
        raise BadFile(f'{path} cannot be read ({why}).') from error
    good = good_frames(pose)
    lost = np.flatnonzero(~good)
    if len(lost) == len(pose):
        raise BadFile(
            f'{path} has no usable frame; in the first one '
            f'{first_fault(pose[0])}.'
        )
    samples = [make_sample(walk, pose[good])]
    if len(lost):
        more = f' (and {len(lost) - 1} more frames)' if len(lost) > 1 else ''
        told = (
            f'{path}, frame {lost[0] + 1}: {first_fault(pose[lost[0]])}{more}'
        )
        samples.append(dict(told=told, lost=len(lost)))
    return samples


def _as_pose(content: Any, path: os.PathLike[str]) -> np.ndarray:
    if not isinstance(content, (np.ndarray, list, tuple)):
        raise BadFile(
            f'{path} holds {shown(content)}; expected an array or a list of '
            'frames.'
        )
    try:
        pose = np.asarray(content)
    except ValueError:
        raise BadFile(
            f'{path}: the frames have different shapes; expected '
            f'({len(JOINTS)}, 3) each.'
        ) from None
    if pose.ndim and not len(pose):
        raise BadFile(f'{path} has no frame.')
    if pose.dtype.kind not in 'fiu':
        raise BadFile(f'{path} has {pose.dtype} where numbers were expected.')
    if pose.ndim == 3 and pose.shape[2] == 3 and pose.shape[1] != len(JOINTS):
        raise BadFile(
            f'{path} has {pose.shape[1]} joints, expected the {len(JOINTS)} '
            'of COCO.'
        )
    if pose.ndim != 3 or pose.shape[1:] != (len(JOINTS), 3):
        raise BadFile(
            f'{path} has the shape {pose.shape}, expected (frames, '
            f'{len(JOINTS)}, 3): x, y and confidence of each joint.'
        )
    # What is too large becomes infinite, and is found later.
    with np.errstate(over='ignore'):
        return pose.astype(np.float32)


def convert_folder(
    root: Path, on_error: str = 'stop', **options: Any
) -> Conversion:
    """Read all walks of a folder.

    Args:
        root: The folder.
        on_error: ``'stop'`` or ``'skip'``.
        **options: Of :func:`.running.convert_all`.

    Returns:
        The walks in the order of their names, and what has been left out.

    Raises:
        BadFile: At the first fault, unless it is skipped.
        ValueError: If there is nothing to convert.
    """
    files, problems = find_pickles(root, on_error)
    done = convert_all(
        files,
        convert_pickle,
        on_error=on_error,
        settings='CASIA-B-Pose',
        **options,
    )
    notes = [sample for sample in done.samples if 'told' in sample]
    done.samples = [sample for sample in done.samples if 'told' not in sample]
    if not done.samples:
        told = f' ({done.problems[0]})' if done.problems else ''
        raise ValueError(f'{root} has no usable walk{told}.')
    done.problems = problems + done.problems + [n['told'] for n in notes]
    if notes:
        done.left_out[LOST] += sum(note['lost'] for note in notes)
    return done
