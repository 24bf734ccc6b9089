"""The affinity state that a checkpoint holds."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from .errors import AnalysisError

_TAIL = 'affinity.confusion.counts'


class LearnedState(NamedTuple):
    """The affinity buffers of one checkpoint.

    Attributes:
        counts: Confusion counts ``(K, K)`` int64, rows are true classes.
        member: Family membership ``(K, K)`` bool, row i is i's family.
        epoch: Training epoch (1-based) finished last, 0 before the first;
            None if the checkpoint does not tell.
        seen: Classes that have a prototype; None if unknown.
        names: Class names the checkpoint itself carries, else None.
        prefix: Where in the model the state was found.
        others: Prefixes of further states, which are not reported.
    """

    counts: np.ndarray
    member: np.ndarray
    epoch: int | None
    seen: int | None
    names: list[str] | None
    prefix: str
    others: list[str]


def read_checkpoint(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a checkpoint, as data only.

    Args:
        path: File written by the Runner, or a bare ``state_dict``.

    Returns:
        The weights and buffers, and ``meta``, which may be empty.

    Raises:
        AnalysisError: If there is no such file, or it is no checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise AnalysisError(
            f'there is no file {str(path)!r}. Checkpoints lie in the work '
            'folder of a training, for example work_dirs/NAME/epoch_40.pth'
        )
    try:
        saved = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        # One sentence says what was refused, the rest how to disable it.
        found = re.search(r'WeightsUnpickler error:\s*(.+)', str(error))
        detail = found[1] if found else 'unknown format'
        raise AnalysisError(
            f'{str(path)!r} is not a checkpoint, or holds objects that are '
            f'not loaded for safety: {detail}'
        ) from error
    except Exception as error:
        # Of a damaged file the reader can stumble over anything.
        raise AnalysisError(
            f'{str(path)!r} is not a checkpoint or is damaged '
            f'({type(error).__name__})'
        ) from error
    state = saved.get('state_dict', saved) if isinstance(saved, dict) else None
    if not isinstance(state, dict) or not any(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise AnalysisError(f'{str(path)!r} is not a checkpoint: no weights')
    meta = saved.get('meta')
    return state, meta if isinstance(meta, dict) else {}


def load_state(path: str | os.PathLike[str]) -> LearnedState:
    """Read the affinity buffers from a checkpoint.

    Args:
        path: See :func:`read_checkpoint`.

    Raises:
        AnalysisError: If it is no checkpoint, or holds no usable affinity
            state.
    """
    return pick_state(*read_checkpoint(path), path)


def pick_state(
    state: dict[str, Any], meta: dict[str, Any], path: str | os.PathLike[str]
) -> LearnedState:
    """Find the affinity buffers among all weights.

    Args:
        state: Weights and buffers by name.
        meta: ``meta`` of the checkpoint, possibly empty.
        path: For messages.

    Raises:
        AnalysisError: If there is no usable affinity state.
    """
    path = os.fspath(path)
    found = [
        key[: -len('confusion.counts')]
        for key in state
        if key == _TAIL or key.endswith(f'.{_TAIL}')
    ]
    if not found:
        raise AnalysisError(
            f'{path!r} holds no affinity state (no key ends in {_TAIL!r}). '
            'It was trained with another head, converted from the official '
            'release, or stripped of its buffers'
        )
    prefix, *others = sorted(found, key=len)
    counts = state[f'{prefix}confusion.counts']
    member = state.get(f'{prefix}families.member')
    if (
        not isinstance(counts, torch.Tensor)
        or not isinstance(member, torch.Tensor)
        or counts.ndim != 2
        or counts.shape[0] != counts.shape[1]
        or member.shape != counts.shape
    ):
        raise AnalysisError(
            f'the affinity state in {path!r} is incomplete: '
            f'{prefix}confusion.counts and {prefix}families.member have to '
            'be square and of equal size'
        )
    epoch = state.get(f'{prefix}epoch')
    seen = state.get(f'{prefix}prototypes.seen')
    dataset = meta.get('dataset_meta')
    names = dataset.get('classes') if isinstance(dataset, dict) else None
    usable = isinstance(names, (list, tuple)) and len(names) == len(counts)
    return LearnedState(
        counts.numpy(),
        member.numpy().astype(bool),
        None if epoch is None else int(epoch),
        None if seen is None else int((seen > 0).sum()),
        [str(name) for name in names] if usable else None,
        prefix.rstrip('.'),
        [other.rstrip('.') for other in others],
    )


def family_members(state: LearnedState, owner: int) -> list[int]:
    """The members of one family, most confused first, both ways together.

    Args:
        state: What the checkpoint holds.
        owner: The class whose family it is.
    """
    members = np.flatnonzero(state.member[owner])
    both = state.counts[owner] + state.counts[:, owner]
    order = np.argsort(-both[members], kind='stable')
    return members[order].tolist()


def confused(counts: np.ndarray) -> int:
    """Number of confusions: all counts but the diagonal.

    Args:
        counts: ``(K, K)``.
    """
    return int(counts.sum() - np.trace(counts))
