"""Checkpoint files: written whole, read as data only, found when moved.

Part of the remedies of :mod:`.host`, which applies them on import. MMEngine
0.10.7 writes a checkpoint over an older one of the same name, byte by byte;
it leaves ``weights_only`` to torch's default, which addresses from the
internet and an environment variable switch off; and it resumes from whatever
``last_checkpoint`` says, or, if that file is empty or the folder has moved,
not at all.
"""

from __future__ import annotations

import io
import logging
import os
import os.path as osp
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from glob import escape, glob
from typing import Any

import mmengine.runner.checkpoint
import mmengine.runner.runner
import torch
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from mmengine.runner import _flexible_runner as flexible

from ..utils.atomic import atomic_writer

_CHECKPOINT = re.compile(r'(?:epoch|iter)_(\d+)\.pth')
_FORCE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
_FORBID = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'


def save_checkpoint(
    checkpoint: dict,
    filename: str,
    file_client_args: dict | None = None,
    backend_args: dict | None = None,
) -> None:
    """Save a checkpoint so that the file is either complete or the old one.

    Args:
        checkpoint: What to save.
        filename: Local path, or address that a file backend understands.
        file_client_args: As in MMEngine.
        backend_args: As in MMEngine.

    Raises:
        OSError: If it cannot be written, a full disk for example.
    """
    local = file_client_args is None and isinstance(
        get_file_backend(filename, backend_args=backend_args), LocalBackend
    )
    if not local:
        _host_save(checkpoint, filename, file_client_args, backend_args)
        return
    # Serialised first: what torch makes of a failing file hides the reason.
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    with atomic_writer(filename) as file:
        file.write(buffer.getbuffer())


def find_latest_checkpoint(path: str) -> str | None:
    """Find what to resume from in a work folder.

    What ``last_checkpoint`` names, if it is complete; else, for a folder
    that was moved or damaged, the file of that name in the folder, or the
    newest complete checkpoint in it.

    Args:
        path: The work folder.

    Returns:
        The checkpoint, or None if the folder has none.

    Raises:
        RuntimeError: If there are checkpoints and all of them are damaged.
    """
    named = _host_find_latest(path)
    seen = []
    for name in _candidates(path, named):
        if '://' in name or _complete(name):
            if named and osp.basename(name) == osp.basename(named):
                return name
            print_log(
                f'last_checkpoint of {path} says {named!r}, which is '
                f'missing or damaged; resuming from {name}.',
                logger='current',
                level=logging.WARNING,
            )
            return name
        if osp.exists(name):
            seen.append(name)
    if seen or named:
        raise RuntimeError(
            f'No checkpoint of {path} is complete: '
            f'{", ".join(seen) or named}. Restore one of them, or start '
            f'without --resume in another folder.'
        )
    return None


def _candidates(path: str, named: str | None) -> Iterator[str]:
    """What to resume from, best first, each once."""
    folders = [path]
    if named:
        # The folder may be a copy: its own file first.
        yield osp.join(path, osp.basename(named))
        if osp.dirname(osp.abspath(named)) != osp.abspath(path):
            yield named
            folders.append(osp.dirname(named))
    found = [
        name
        for folder in folders
        for name in glob(osp.join(escape(folder), '*.pth'))
        if _CHECKPOINT.fullmatch(osp.basename(name))
        and (not named or osp.basename(name) != osp.basename(named))
    ]
    # Copying may have changed the times, but not the names.
    yield from sorted(found, key=_step_of, reverse=True)


def _step_of(name: str) -> int:
    return int(_CHECKPOINT.fullmatch(osp.basename(name))[1])


def _complete(path: str) -> bool:
    """Whether a checkpoint was written to its end."""
    # The directory of a zip file, which torch writes, is at its end.
    # DeepSpeed's checkpoints are folders.
    return osp.isdir(path) or (osp.isfile(path) and zipfile.is_zipfile(path))


def _cut_short(path: str) -> bool:
    """Whether a checkpoint file begins well and ends too early."""
    with open(path, 'rb') as file:
        return file.read(2) in (b'', b'PK') and not _complete(path)


@contextmanager
def _weights_only() -> Iterator[None]:
    """Make each ``torch.load`` inside read data only, come what may."""
    before = {name: os.environ.pop(name, None) for name in (_FORCE, _FORBID)}
    os.environ[_FORCE] = '1'
    try:
        yield
    finally:
        del os.environ[_FORCE]
        os.environ.update({k: v for k, v in before.items() if v is not None})


def _loading_safely(load: Callable) -> Callable:
    """Wrap ``CheckpointLoader.load_checkpoint``."""

    @wraps(load)
    def load_checkpoint(filename: str, *args: Any, **kwargs: Any) -> Any:
        with _weights_only():
            try:
                return load(filename, *args, **kwargs)
            except Exception as error:
                # torch says this in five ways, EINVAL among them.
                if osp.isfile(filename) and _cut_short(filename):
                    raise RuntimeError(
                        f'{filename} is not a complete checkpoint '
                        f'({osp.getsize(filename):,} bytes): it was cut short '
                        f'while it was copied or written. Copy it again, or '
                        f'take another one.'
                    ) from error
                if not isinstance(error, pickle.UnpicklingError):
                    raise
                raise pickle.UnpicklingError(
                    f'{filename} is refused as a checkpoint: '
                    f'{_gist(error)}. Checkpoints are read as data only, '
                    f'because anything else could run foreign code. If it '
                    f'is from a source you trust, save its weights again: '
                    f'torch.save(model.state_dict(), ...).'
                ) from error

    load_checkpoint.reads_data_only = True
    return load_checkpoint


def _gist(error: Exception) -> str:
    """The sentence of torch's long message that names the reason."""
    text = str(error)
    found = re.search(r'[^:\n]*(GLOBAL |Unsupported )[^\n]*', text)
    return (found[0] if found else text.partition('\n')[0]).strip(' .')


def apply_checkpoint_remedies() -> None:
    """Put the functions above in the place of the host's.

    Delete when MMEngine saves atomically and passes ``weights_only=True``.
    """
    # Whoever imported the names by now holds the host's functions.
    package = mmengine.runner
    for module in (package, package.checkpoint, package.runner, flexible):
        for function in (save_checkpoint, find_latest_checkpoint):
            if hasattr(module, function.__name__):
                setattr(module, function.__name__, function)
    load = CheckpointLoader.load_checkpoint
    if not hasattr(load, 'reads_data_only'):
        CheckpointLoader.load_checkpoint = staticmethod(_loading_safely(load))


_host_save = mmengine.runner.checkpoint.save_checkpoint
_host_find_latest = mmengine.runner.checkpoint.find_latest_checkpoint
