"""One training of a sweep: what it is, where it lies, how it is started."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from ...utils.atomic import atomic_writer
from ..errors import AnalysisError
from ..report.work_dir import last_checkpoint
from .circumstances import CIRCUMSTANCES, circumstances
from .digest import digest_of, evaluation_part, training_part
from .resolve import resolve


class Scripts(NamedTuple):
    """What trains and tests, as paths of Python files."""

    train: Path
    test: Path


@dataclass(frozen=True)
class Run:
    """A training with one config and one seed.

    Args:
        name: Of its setting, for people.
        config: The base config.
        options: What the setting changes.
        seed: Of the training.
        folder: Its work folder.
        resolved: The base config with the options.
        digest: Names what decides about the training, but for the seed.
        test_digest: Names what decides about its test.
        dump: Whether its test also writes the predictions.
    """

    name: str
    config: Path
    options: Mapping[str, Any] = field(compare=False)
    seed: int
    folder: Path
    resolved: Config = field(repr=False, compare=False)
    digest: str
    test_digest: str
    dump: bool = field(default=False, compare=False)

    @property
    def label(self) -> str:
        """Name and seed."""
        return f'{self.name}, seed {self.seed}'

    @property
    def config_file(self) -> Path:
        """The resolved config, which the Runner leaves in its folder."""
        return self.folder / f'{self.config.stem}.py'

    @property
    def log(self) -> Path:
        """What the training printed."""
        return self.folder / 'output.log'

    @property
    def test_folder(self) -> Path:
        """Work folder of its test; another one if that is done otherwise."""
        return self.folder / f'test-{self.test_digest}'

    @property
    def predictions(self) -> Path:
        """What its test predicted, if it writes that."""
        return self.test_folder / 'predictions.pkl'

    @property
    def length(self) -> int:
        """Epochs of the training, or its iterations if it counts those."""
        loop = self.resolved.get('train_cfg') or {}
        return int(loop.get('max_epochs') or loop.get('max_iters') or 0)


def make_run(
    name: str,
    config: Path,
    options: Mapping[str, Any],
    seed: int,
    folder: Path,
    resolved: Config | None = None,
    dump: bool = False,
) -> Run:
    """Resolve the config of a run.

    Args:
        name: Of its setting.
        config: The base config.
        options: What the setting changes.
        seed: Of the training.
        folder: Its work folder.
        resolved: The config with the options. Defaults to None: it is read.
        dump: Whether its test also writes the predictions. Defaults to False.

    Raises:
        AnalysisError: If the config cannot be read.
    """
    if resolved is None:
        resolved = resolve(config, options)
    return Run(
        name,
        config,
        options,
        seed,
        # Absolute, for a command that is started from somewhere else.
        folder.absolute(),
        resolved,
        digest_of(training_part(resolved)),
        digest_of(evaluation_part(resolved)),
        dump,
    )


def folder_for(root: Path, name: str, digest: str) -> Path:
    """Folder of a setting; it is found by digest, whatever its name was.

    Args:
        root: Of the sweep.
        name: Of the setting.
        digest: Of its training.
    """
    for found in sorted(root.glob(f'*-{digest}')):
        return found
    slug = re.sub(r'[^A-Za-z0-9.=_]+', '-', name).strip('-.')[:60]
    return root / f'{slug or "setting"}-{digest}'


def check_owner(run: Run) -> None:
    """Refuse a folder that holds another run.

    Args:
        run: The run.

    Raises:
        AnalysisError: If it does.
    """
    owner = run.folder / 'run.json'
    if not owner.exists():
        return
    try:
        theirs = json.loads(owner.read_text(encoding='utf-8'))
        same = (theirs['digest'], theirs['seed']) == (run.digest, run.seed)
        what = f'{theirs["config"]}, seed {theirs["seed"]}'
    except (ValueError, KeyError, TypeError) as error:
        raise AnalysisError(f'{owner} is damaged; remove it') from error
    if not same:
        raise AnalysisError(
            f'{run.folder} holds a run of another config or seed ({what}); '
            f'take another folder, or remove that one'
        )


def claim_folder(run: Run) -> None:
    """Write the config of a run, and whose folder it is.

    Args:
        run: The run.
    """
    mine = {
        'name': run.name,
        'config': str(run.config),
        'options': dict(run.options),
        'seed': run.seed,
        'digest': run.digest,
        'circumstances': circumstances(),
    }
    with atomic_writer(run.folder / 'run.json') as file:
        file.write(json.dumps(mine, indent=2, default=str).encode())
    with atomic_writer(run.config_file) as file:
        file.write(run.resolved.pretty_text.encode())


def claimed_circumstances(run: Run) -> dict[str, str]:
    """Versions at the time when the folder of a run was claimed.

    Args:
        run: The run. A batch system may have trained it on any machine.

    Returns:
        As :func:`~.circumstances.circumstances`, ``'unknown'`` where nothing
        was kept.
    """
    found = dict.fromkeys(CIRCUMSTANCES, 'unknown')
    owner = run.folder / 'run.json'
    try:
        kept = json.loads(owner.read_text(encoding='utf-8'))['circumstances']
        found |= {key: str(kept[key]) for key in found}
    except (OSError, ValueError, KeyError, TypeError):
        return found
    return found | {'machine': 'unknown'}


def train_arguments(run: Run) -> list[str]:
    """Arguments of the training script; an interrupted run is resumed.

    Args:
        run: The run.
    """
    found = [str(run.config_file), '--work-dir', str(run.folder)]
    found += ['--seed', str(run.seed)]
    checkpoint = last_checkpoint(run.folder)
    if checkpoint is not None:
        # By name: the folder may have been moved since.
        found += ['--resume', str(checkpoint)]
    return found


def evaluation_arguments(run: Run, checkpoint: Path) -> list[str]:
    """Arguments of the test script.

    Args:
        run: The run.
        checkpoint: What to test.
    """
    found = [str(run.config_file), str(checkpoint)]
    found += ['--work-dir', str(run.test_folder)]
    if run.dump:
        found += ['--dump', str(run.predictions)]
    return found


def final_checkpoint(run: Run) -> Path | None:
    """The checkpoint of the last epoch; None before that.

    Args:
        run: The run.
    """
    found = last_checkpoint(run.folder)
    if found is None or not run.length:
        return None
    number = re.search(r'_(\d+)\.pth$', found.name)
    return found if number and int(number[1]) == run.length else None


def python_command(script: Path, arguments: Sequence[str]) -> list[str]:
    """How a script is started.

    Args:
        script: The file.
        arguments: Its arguments.
    """
    return [sys.executable, os.fspath(script), *arguments]
