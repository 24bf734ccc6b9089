"""Rows that an interrupted extraction leaves to the next one."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np

from ...utils.atomic import atomic_writer

_PART = re.compile(r'\d{9}_[0-9a-f]{32}\.npy(\.partial)?')


class KeptRows:
    """The first rows of a matrix, in files of a folder.

    Each file is named after the place of its first row and the key of the
    settings, so that what other settings left is not taken.

    Args:
        folder: Made when there is something to keep.
        key: 32 hexadecimal digits for all that decides the rows.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.key = key

    def load(self, most: int) -> list[np.ndarray]:
        """What is there, from the first row on without a gap.

        Args:
            most: Rows that there can be.

        Returns:
            Blocks ``(n, D)`` float32; none after a file that is damaged.
        """
        blocks: list[np.ndarray] = []
        count = 0
        while count < most and (path := self._path(count)).is_file():
            try:
                block = np.load(path, allow_pickle=False)
            except (ValueError, OSError, EOFError):
                break
            fine = block.ndim == 2 and block.dtype == np.float32
            if not fine or not 0 < len(block) <= most - count:
                break
            if blocks and block.shape[1] != blocks[0].shape[1]:
                break
            blocks.append(block)
            count += len(block)
        return blocks

    def add(self, first: int, rows: np.ndarray) -> None:
        """Keep some rows.

        Args:
            first: Place of the first.
            rows: ``(n, D)`` float32.

        Raises:
            OSError: If they cannot be written.
        """
        with atomic_writer(self._path(first)) as file:
            np.save(file, rows, allow_pickle=False)

    def forget(self) -> None:
        """Remove the files, and the folder if nothing else is in it."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                if _PART.fullmatch(path.name):
                    path.unlink()
            self.folder.rmdir()

    def _path(self, first: int) -> Path:
        return self.folder / f'{first:09d}_{self.key}.npy'
