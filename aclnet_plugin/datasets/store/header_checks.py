"""What can be wrong with the content of a header.

Its checksum tells what was damaged. Whoever makes a file can make the
checksum too, so that nothing in it is used before it has been looked at.
"""

from __future__ import annotations

from typing import Any

from ...utils.shown import shown
from .format import FILES, INDEX, PLACES, ROW

_PLACE_BYTES = 8


def body_problem(body: dict[str, Any]) -> str | None:
    """Say what is wrong with what a header tells, or ``None``.

    Args:
        body: What it tells.

    Returns:
        The end of a sentence that starts with the header.
    """
    return (
        _files_problem(body.get('files'))
        or _sequences_problem(body)
        or _kinds_problem(body.get('kinds'))
        or _names_problem('classes', body.get('classes'))
        or _places_problem('probes', body.get('probes'), body['sequences'])
        or _splits_problem(body)
    )


def _files_problem(files: Any) -> str | None:
    if not isinstance(files, dict) or sorted(files) != sorted(FILES):
        return f'does not list the files {", ".join(FILES)}'
    for name, told in files.items():
        known = isinstance(told, dict) and isinstance(told.get('sha256'), str)
        if not known or not _is_count(told.get('bytes')):
            return f'does not tell size and checksum of {name}'
    return None


def _sequences_problem(body: dict[str, Any]) -> str | None:
    total = body.get('sequences')
    # Two rows of the index belong to no sequence.
    rows = body['files'][INDEX]['bytes'] / ROW.itemsize - 2
    if not _is_count(total) or not total or total != rows:
        return (
            f'tells of {shown(total)} sequences, which {INDEX} does not have'
        )
    return None


def _kinds_problem(kinds: Any) -> str | None:
    if not isinstance(kinds, list) or not kinds:
        return f'has {shown(kinds)} as kinds of sequences'
    for kind in kinds:
        listed = isinstance(kind, list) and len(kind) == 5
        if not listed or not (
            isinstance(kind[0], str)
            and all(map(_is_count, kind[1:4]))
            and isinstance(kind[4], bool)
        ):
            return f'has {shown(kind)} as a kind of sequences'
    return None


def _names_problem(what: str, names: Any) -> str | None:
    if isinstance(names, list) and all(isinstance(n, str) for n in names):
        return None
    return f'has {shown(names)} as {what}; expected strings'


def _places_problem(what: str, places: Any, total: int) -> str | None:
    if isinstance(places, list) and all(
        _is_count(place) and place < total for place in places
    ):
        return None
    return f'has {shown(places)} as {what}; expected places below {total}'


def _splits_problem(body: dict[str, Any]) -> str | None:
    splits = body.get('splits')
    if not isinstance(splits, dict):
        return f'has {shown(splits)} as splits'
    size = body['files'][PLACES]['bytes']
    for name, split in splits.items():
        if not isinstance(split, dict):
            return f'has {shown(split)} as split {shown(name)}'
        start, count = split.get('start'), split.get('count')
        within = _is_count(start) and _is_count(count)
        within = within and bool(count) != bool(split.get('problem'))
        if not within or (start + count) * _PLACE_BYTES > size:
            return f'has the split {shown(name)} outside of {PLACES}'
        problem = (
            _names_problem('warnings', split.get('warnings'))
            or _names_problem('problem', [split.get('problem')])
            or _places_problem(
                'probes', split.get('probes'), body['sequences']
            )
        )
        if problem is not None:
            return f'{problem} of the split {shown(name)}'
    return None


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
