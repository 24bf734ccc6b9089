"""Which file has which label, and which class is which number."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....utils.shown import shown_some


@dataclass
class Labels:
    """What is known about the sequences besides their key points.

    Args:
        of: Name to label.
        classes: Names of the classes, by label.
        fields: Name to further columns, ``split`` among them.
        unlabelled: Names of files without a label.
        lost: Names with a label, but without a file.
    """

    of: dict[str, int]
    classes: list[str]
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    unlabelled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def read_classes(path: Path) -> list[str]:
    """Names of classes, one in a line, in the order of the labels.

    Args:
        path: Text file.

    Raises:
        ValueError: If a name is there twice.
    """
    names = [
        line.strip()
        for line in path.read_text(encoding='utf-8-sig').splitlines()
        if line.strip()
    ]
    for line, name in enumerate(names, 1):
        if names.index(name) != line - 1:
            raise ValueError(f'{path}: the class {name!r} is there twice.')
    return names


def labels_from_folders(
    files: Mapping[str, Path], root: Path, classes: Sequence[str] | None
) -> Labels:
    """Labels from a folder for each class.

    Args:
        files: Name (path below ``root`` without its ending) to file.
        root: The folder of these folders.
        classes: Names of the classes, if their order is given.

    Raises:
        ValueError: If a file is in no such folder, or the folder in no class.
    """
    loose = [str(files[name]) for name in files if '/' not in name]
    if loose:
        raise ValueError(
            f'{shown_some(loose)}: without --labels each class has a folder '
            f'of its own in {root}, named after it. Move the files, or name '
            'the table of their labels with --labels.'
        )
    words = {name: name.split('/')[0] for name in files}
    order = list(classes or sorted(set(words.values())))
    for name, word in words.items():
        if word not in order:
            raise ValueError(unknown_class(str(files[name]), word, order))
    return Labels({n: order.index(word) for n, word in words.items()}, order)


def unknown_class(where: str, word: str, classes: Sequence[str]) -> str:
    """The complaint about a class that is not listed."""
    near = difflib.get_close_matches(word, classes, 1)
    hint = f'; is it {near[0]!r}?' if near else ''
    return f'{where}: the class {word!r} is not in --classes{hint}'
