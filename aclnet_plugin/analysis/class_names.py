"""Names of the classes, from wherever there are any."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..datasets.store import SkeletonStore
from ..utils.safe_pickle import safe_load
from ..utils.shown import shown
from .errors import AnalysisError


def load_names(path: str | os.PathLike[str], total: int) -> list[str]:
    """Read class names.

    Args:
        path: A text file with one name a line, an annotation pickle with a
            list under ``classes``, or a skeleton store.
        total: How many classes there are.

    Raises:
        AnalysisError: If the file is missing or unreadable, has no names,
            or another number of them.
    """
    path = Path(path)
    if path.is_dir():
        names = _of_store(path)
    elif not path.is_file():
        raise AnalysisError(f'there is no file {str(path)!r} for --classes')
    elif path.suffix in ('.pkl', '.pickle'):
        names = _of_annotations(path)
    else:
        names = lines_of_text(path)
    if len(names) != total:
        raise AnalysisError(
            f'{str(path)!r} has {len(names)} class names, but there are '
            f'{total} classes'
        )
    return names


def _of_store(path: Path) -> list[str]:
    try:
        names = SkeletonStore(path).classes
    except (ValueError, OSError) as error:
        raise AnalysisError(str(error)) from error
    if not names:
        raise AnalysisError(f'the store {str(path)!r} has no class names')
    return list(names)


def _of_annotations(path: Path) -> list[str]:
    names = list_in_annotations(path, 'classes')
    if names is None:
        raise AnalysisError(
            f"{str(path)!r} has no list of names under 'classes'; give a "
            'text file with one name a line instead'
        )
    return names


def list_in_annotations(path: Path, key: str) -> list[str] | None:
    """A list of an annotation pickle, as text; None if it is not there.

    Args:
        path: The pickle.
        key: Where the list is.

    Raises:
        AnalysisError: If the file is no pickle of plain data.
    """
    try:
        content = safe_load(path)
    except pickle.UnpicklingError as error:
        raise AnalysisError(str(error)) from error
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, (list, tuple)):
        return None
    return [str(one) for one in found]


def lines_of_text(path: Path) -> list[str]:
    """Lines of a text file, without empty ones.

    Args:
        path: The file.

    Raises:
        AnalysisError: If it is not UTF-8.
    """
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise AnalysisError(f'{str(path)!r} is not UTF-8 text') from error
    return [line.strip() for line in lines if line.strip()]


def names_for(
    path: str | os.PathLike[str] | None, own: Any, total: int
) -> list[str]:
    """Names to show: those of a file, else the own ones, else numbers.

    Args:
        path: What ``--classes`` says, see :func:`load_names`; None if
            nothing.
        own: What the checkpoint or data set itself says: a sequence of
            names, its ``meta`` or ``dataset_meta`` dict, or None. Taken
            only if their number is right.
        total: How many classes there are.

    Raises:
        AnalysisError: If the file cannot be used.
    """
    if path is not None:
        return load_names(path, total)
    if isinstance(own, dict):
        inner = own.get('dataset_meta')
        own = (inner if isinstance(inner, dict) else own).get('classes')
    if isinstance(own, (list, tuple)) and len(own) == total:
        return [str(name) for name in own]
    return [f'class {i}' for i in range(total)]


def class_index(wanted: str, names: Sequence[str]) -> int:
    """Index of the class that a user means.

    A name comes first, so that a class called ``'3'`` can be found; letter
    case counts only where two names differ in nothing else.

    Args:
        wanted: A name, or an index from 0.
        names: Names of all classes.

    Raises:
        AnalysisError: If there is no such class, or more than one.
    """
    text = wanted.strip()
    for found in (
        [i for i, name in enumerate(names) if name == text],
        [i for i, name in enumerate(names) if name.lower() == text.lower()],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise AnalysisError(
                f'{len(found)} classes are called {shown(text)}; give the '
                f'index of one: {", ".join(map(str, found))}'
            )
    # Of ASCII only: int() would take digits of other scripts, too.
    if text.isascii() and text.isdecimal() and int(text) < len(names):
        return int(text)
    near = get_close_matches(text, names, 3, 0.4) or list(names[:3])
    raise AnalysisError(
        f'there is no class {shown(text)}; give an index from 0 to '
        f'{len(names) - 1} or a name, such as {", ".join(map(repr, near))}'
    )
