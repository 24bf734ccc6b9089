"""Arrays of numbers out of ``.npy`` files that may be damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..outcomes import BadFile


def map_numbers(path: Path) -> np.ndarray:
    """Map an array of numbers; Python objects in it are not opened.

    Args:
        path: The ``.npy`` file.

    Raises:
        BadFile: If it is not there, empty, cut short, of another format, or
            holds anything but real numbers.
    """
    if not path.is_file():
        raise BadFile(f'There is no file {path}.')
    if not path.stat().st_size:
        raise BadFile(f'{path} is empty; unpack the archive again.')
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except OSError as error:
        raise BadFile(f'{path} cannot be read ({error.strerror}).') from error
    except Exception as error:
        # A damaged header can fail anywhere: ValueError, SyntaxError, ...
        raise BadFile(
            f'{path} is no complete .npy file of numbers ({error}); unpack '
            'the archive again.'
        ) from None
    if not isinstance(array, np.ndarray):
        raise BadFile(f'{path} is an archive; expected a single array.')
    if array.dtype.kind not in 'fiu':
        raise BadFile(f'{path} has {array.dtype} where numbers were expected.')
    return array
