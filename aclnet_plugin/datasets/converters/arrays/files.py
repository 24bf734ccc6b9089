"""Key points from ``.npy``, ``.npz`` and ``.json`` files."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ....utils.shown import shown_some
from ..outcomes import BadFile
from .pose import ArrayOptions, RawPose
from .rows import columns_of

_NPY = b'\x93NUMPY'
_BROKEN = (
    ValueError,
    OSError,
    EOFError,
    MemoryError,  # a header that claims a size
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # a compression that is not supported
    RuntimeError,  # encrypted
)

_AXES = ('person', 'frame', 'joint', 'channel')


def read_npy(path: Path, options: ArrayOptions) -> RawPose:
    """Read an array ``(T, V, C)``, ``(M, T, V, C)`` or ``(T, V * C)``.

    Args:
        path: The file.
        options: What the user said.

    Raises:
        BadFile: If it is no such array.
    """
    return _pose_of(path, _load(path), None, options)


def read_npz(path: Path, options: ArrayOptions) -> RawPose:
    """Read the arrays ``keypoint`` and, optionally, ``keypoint_score``.

    Args:
        path: The file.
        options: What the user said.

    Raises:
        BadFile: If there are no such arrays.
    """
    try:
        with _load(path) as content:
            found = {
                key: content[key]
                for key in ('keypoint', 'keypoint_score')
                if key in content
            }
            keys = content.files
    except (AttributeError, TypeError):
        raise BadFile(
            f'{path} holds one array and no names. Call it .npy.'
        ) from None
    except BadFile:
        raise
    except _BROKEN as error:
        raise _unreadable(path, error) from None
    return _from_keys(path, found, keys, options)


def read_json(path: Path, options: ArrayOptions) -> RawPose:
    """Read nested lists, frames of joints of coordinates.

    A further level outside is for persons. A dict with ``keypoint`` and,
    optionally, ``keypoint_score`` may be around them. ``null`` is a missing
    value.

    Args:
        path: The file.
        options: What the user said.

    Raises:
        BadFile: If the text or the lists are broken.
    """
    try:
        content = json.loads(path.read_bytes().decode('utf-8-sig'))
    except json.JSONDecodeError as error:
        raise BadFile(
            f'{path}, line {error.lineno}, column {error.colno}: this is no '
            f'JSON ({error.msg}). Repair the file.'
        ) from None
    except UnicodeDecodeError as error:
        raise BadFile(
            f'{path}: the text is not in UTF-8 (byte {error.start}). Save it '
            'as UTF-8.'
        ) from None
    except RecursionError:
        raise BadFile(f'{path}: the lists are nested too deeply.') from None
    except ValueError as error:
        raise BadFile(f'{path}: a number is too long ({error}).') from None
    if isinstance(content, Mapping):
        found = {
            key: _as_array(path, content[key], key)
            for key in ('keypoint', 'keypoint_score')
            if content.get(key) is not None
        }
        return _from_keys(path, found, list(content), options)
    return _pose_of(path, _as_array(path, content, 'list'), None, options)


def _load(path: Path) -> Any:
    if not path.stat().st_size:
        raise BadFile(f'{path} is empty. Remove it, or make it again.')
    with open(path, 'rb') as file:
        start = file.read(len(_NPY))
    if start != _NPY and not zipfile.is_zipfile(path):
        raise BadFile(
            f'{path} is no array file of NumPy, or a damaged one. Make it '
            'again.'
        )
    try:
        return np.load(path, allow_pickle=False)
    except _BROKEN as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> BadFile:
    if 'allow_pickle' in str(error):
        return BadFile(
            f'{path} holds Python objects; only arrays of numbers are read. '
            'Are the frames of different lengths?'
        )
    return BadFile(f'{path} is damaged: {error}. Make it again.')


def _from_keys(
    path: Path,
    found: Mapping[str, np.ndarray],
    keys: list[str],
    options: ArrayOptions,
) -> RawPose:
    if 'keypoint' not in found:
        raise BadFile(
            f'{path} has no "keypoint", but {shown_some(keys) or "nothing"}. '
            'Give the coordinates that name.'
        )
    return _pose_of(
        path, found['keypoint'], found.get('keypoint_score'), options
    )


def _as_array(path: Path, lists: Any, what: str) -> np.ndarray:
    """Nested lists as an array; the error names the place of the fault."""
    try:
        return np.array(lists, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise BadFile(f'{path}: {_list_fault(lists, what)}') from None


def _list_fault(lists: Any, what: str) -> str:
    """The first entry that is not like those before it."""
    front = [(what, lists)]
    while front:
        # One level of nesting after the other, like the axes of the array.
        first_name, first = front[0]
        for name, one in front:
            if isinstance(one, list) != isinstance(first, list):
                return f'{name} and {first_name} are nested differently.'
            if isinstance(one, list) and len(one) != len(first):
                return (
                    f'{name} has {len(one)} entries, but {first_name} has '
                    f'{len(first)}. Repair the file; null marks a missing '
                    'value.'
                )
            if not isinstance(one, (list, int, float, type(None))):
                return f'{name} is {one!r:.60}, not a number.'
        if not isinstance(first, list):
            break
        front = [
            (f'{name}[{index}]', one)
            for name, entries in front
            for index, one in enumerate(entries)
        ]
    return f'{what} holds numbers that are too large.'


def _pose_of(
    path: Path,
    keypoint: np.ndarray,
    score: np.ndarray | None,
    options: ArrayOptions,
) -> RawPose:
    """Give the axes their places and join coordinates with scores."""
    keypoint = _numbers(path, keypoint, 'keypoint')
    if keypoint.ndim == 2:
        joints, channels = columns_of(path, keypoint.shape[1], options)
        keypoint = keypoint.reshape(-1, joints, channels)
    if keypoint.ndim not in (3, 4):
        raise BadFile(
            f'{path}: an array of shape {keypoint.shape}; it must be (frames, '
            'joints, coordinates), or (persons, frames, joints, coordinates).'
        )
    if keypoint.shape[-1] not in (2, 3, 4):
        raise BadFile(
            f'{path}: the last axis of the shape {keypoint.shape} must hold '
            'the 2 or 3 coordinates. Change the order of the axes '
            '(numpy.transpose) to frames, joints, coordinates.'
        )
    values = keypoint if keypoint.ndim == 4 else keypoint[None]
    scored = None if values.shape[-1] == 3 else False
    if score is not None:
        score = _numbers(path, score, 'keypoint_score')
        if score.shape != keypoint.shape[:-1]:
            raise BadFile(
                f'{path}: keypoint_score has the shape {score.shape}, but '
                f'the keypoint calls for {keypoint.shape[:-1]}.'
            )
        score = score.reshape(values.shape[:-1])[..., None]
        values, scored = np.concatenate([values, score], axis=-1), True

    def place(*indices: int) -> str:
        named = zip(_AXES, indices, strict=True)
        return ', '.join(f'{axis} {index}' for axis, index in named)

    return RawPose(values, place, scored)


def _numbers(path: Path, array: np.ndarray, what: str) -> np.ndarray:
    # A member of an archive that is no array comes as bytes.
    kind = getattr(array, 'dtype', type(array).__name__)
    if getattr(kind, 'kind', '') not in tuple('fiu'):
        raise BadFile(
            f'{path}: the {what} is of type {kind}; it must be numbers.'
        )
    return np.array(array, dtype=np.float64)
