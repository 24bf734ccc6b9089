"""Which stream a file of predictions belongs to."""

from __future__ import annotations

import re
from pathlib import PurePath

_WORDS = {
    'joint': 'j', 'bone': 'b', 'kbone': 'k',
    'joint-motion': 'jm', 'bone-motion': 'bm', 'kbone-motion': 'km',
}  # fmt: skip
_LETTERS = frozenset(_WORDS.values())
_PLACE = re.compile(
    r'(?<![a-z])(kbone|bone|joint)(?:[-_ ]?(motion))?(?![a-z])', re.IGNORECASE
)


def stream_of(path: str) -> str | None:
    """Guess the stream from the names of a file and its folders.

    ``j.pkl``, ``work_dirs/jm/pred.pkl``, ``pred_bm.pkl`` and the names of
    configs, as in ``aclnet_1xb16-bone-motion-u100-150e_.../pred.pkl``, are
    understood. The file's own name comes first, then its folder, then the
    one above.

    Args:
        path: Where the predictions are.

    Returns:
        One of ``j b k jm bm km``; None if no part of the path names one, or
        one part names several.
    """
    parts = PurePath(path).parts
    # Further up are folders that have nothing to do with it.
    stems = [PurePath(path).stem, *reversed(parts[-3:-1])]
    for stem in stems:
        found = {_letters(match) for match in _PLACE.finditer(stem)}
        words = re.split(r'[^a-z0-9]+', stem.lower())
        found |= _LETTERS.intersection(words)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _letters(match: re.Match) -> str:
    name, motion = match[1].lower(), match[2]
    return _WORDS[f'{name}-motion' if motion else name]
