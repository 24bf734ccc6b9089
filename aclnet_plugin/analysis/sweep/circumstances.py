"""Under which circumstances a result came about."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import torch

from ...version import __version__

ROOT = Path(__file__).resolve().parents[3]
CIRCUMSTANCES = ('version', 'commit', 'torch', 'machine')


def commit() -> str:
    """The commit of this checkout, if it is one."""
    done = subprocess.run(
        ['git', '-C', str(ROOT), 'describe', '--always', '--dirty'],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or 'unknown'


def machine() -> str:
    """What it ran on."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'{platform.machine()} CPU, {os.cpu_count()} cores'


def circumstances() -> dict[str, str]:
    """Versions and machine, to be kept with a result."""
    values = (__version__, commit(), torch.__version__, machine())
    return dict(zip(CIRCUMSTANCES, values, strict=True))
