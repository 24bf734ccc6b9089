"""Where a store may be written, and how it takes its place."""

from __future__ import annotations

import os
import shutil

from .header import HEADER, REPLACED, SUFFIX


def check_target(folder: str, overwrite: bool) -> None:
    """Refuse to write where something else is.

    Args:
        folder: The store.
        overwrite: Whether a store may be there.

    Raises:
        ValueError: If the name does not end with ``.store``.
        FileExistsError: If something is there already.
    """
    if not folder.endswith(SUFFIX):
        raise ValueError(f'{folder}: the name of a store ends with {SUFFIX}.')
    if not os.path.lexists(folder):
        return
    if not os.path.isfile(os.path.join(folder, HEADER)):
        raise FileExistsError(
            f'{folder} is there and is no store; it is not replaced. Remove '
            'it, or choose another name.'
        )
    if not overwrite:
        raise FileExistsError(f'{folder} exists; use overwrite to replace it.')


def put_in_place(partial: str, folder: str) -> None:
    """Rename a finished folder, instead of what is there.

    Args:
        partial: The folder.
        folder: The store.
    """
    old = folder + REPLACED
    if os.path.lexists(folder):
        shutil.rmtree(old, ignore_errors=True)
        os.rename(folder, old)
    try:
        os.rename(partial, folder)
    except OSError:
        if os.path.lexists(old):
            os.rename(old, folder)
        raise
    # Who has it open keeps its pages until the end.
    shutil.rmtree(old, ignore_errors=True)
