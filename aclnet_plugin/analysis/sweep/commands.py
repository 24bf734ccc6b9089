"""The runs of a sweep as commands for a shell, here or under slurm."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from .grid import show_value
from .runs import (
    Run,
    Scripts,
    evaluation_arguments,
    python_command,
    train_arguments,
)


def shell_commands(
    runs: Iterable[Run], scripts: Scripts, test: bool = False
) -> Iterator[str]:
    """What would be started, one line for each command.

    The configs that they name are written when a run starts; a comment tells
    the options.

    Args:
        runs: Runs that are not finished.
        scripts: What trains and tests.
        test: Also test the last checkpoint.
    """
    for run in runs:
        told = ', '.join(
            f'{key}={show_value(value)}' for key, value in run.options.items()
        )
        yield f'# {run.label}: {told or "base config"}'
        yield shlex.join(python_command(scripts.train, train_arguments(run)))
        if test:
            arguments = evaluation_arguments(run, expected_checkpoint(run))
            yield shlex.join(python_command(scripts.test, arguments))


def slurm_script(
    runs: Iterable[Run], tools: Path, partition: str, test: bool = False
) -> Iterator[str]:
    """A shell script that puts each run into the queue and waits for all.

    Args:
        runs: Runs that are not finished; their configs have been written.
        tools: Folder of ``slurm_train.sh`` and ``slurm_test.sh``.
        partition: Of the cluster.
        test: Also test the last checkpoint.
    """
    yield '#!/usr/bin/env bash'
    yield '# One GPU for each run; GPUS=4 before this script for more.'
    yield 'export GPUS="${GPUS:-1}"'
    for run in runs:
        job = re.sub(r'[^A-Za-z0-9.=_]+', '-', run.label)
        command = shlex.join(
            [
                'bash',
                str(tools / 'slurm_train.sh'),
                partition,
                job,
                *train_arguments(run),
            ]
        )
        if test:
            arguments = evaluation_arguments(run, expected_checkpoint(run))
            then = [str(tools / 'slurm_test.sh'), partition, job, *arguments]
            command = f'({command} && bash {shlex.join(then)})'
        log = shlex.quote(str(run.log))
        yield f'{command} >>{log} 2>&1 &'
    yield 'wait'


def expected_checkpoint(run: Run) -> Path:
    """Where the checkpoint of the last epoch will be.

    Args:
        run: The run.
    """
    loop = run.resolved.get('train_cfg') or {}
    unit = 'epoch' if loop.get('max_epochs') else 'iter'
    return run.folder / f'{unit}_{run.length}.pth'
