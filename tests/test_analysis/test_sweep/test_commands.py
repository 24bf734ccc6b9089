"""Runs as commands, and what is told while they run."""

import io
import shlex
import subprocess

from rich.console import Console

from aclnet_plugin.analysis.sweep.commands import shell_commands, slurm_script
from aclnet_plugin.analysis.sweep.progress import SweepProgress


def test_commands_are_those_that_would_run(run_of, scripts):
    run = run_of('a b', seed=4)
    comment, train, test = shell_commands([run], scripts, test=True)
    assert comment == '# a b, seed 4: model.weight=1'
    words = shlex.split(train)
    assert words[1:] == [
        str(scripts.train),
        str(run.config_file),
        '--work-dir',
        str(run.folder),
        '--seed',
        '4',
    ]
    assert str(run.folder / 'epoch_3.pth') in shlex.split(test)
    run.folder.mkdir(parents=True)
    (run.folder / 'epoch_2.pth').touch()
    (_, train) = shell_commands([run], scripts)
    assert shlex.split(train)[-2:] == [
        '--resume',
        str(run.folder / 'epoch_2.pth'),
    ]


def test_the_slurm_script_is_one_for_bash(run_of, tmp_path):
    for name in ('slurm_train.sh', 'slurm_test.sh'):
        (tmp_path / name).write_text(f'echo {name} "$GPUS" "$@"')
    runs = [run_of('a b', seed=1), run_of('c', seed=2)]
    for run in runs:
        run.folder.mkdir(parents=True)
    lines = slurm_script(runs, tmp_path, 'part', test=True)
    subprocess.run(['bash'], input='\n'.join(lines), text=True, check=True)
    for run, job in zip(runs, ('a-b-seed-1', 'c-seed-2'), strict=True):
        train, test = run.log.read_text().splitlines()
        start = f'slurm_train.sh 1 part {job} {run.config_file} --work-dir'
        assert train.startswith(start)
        checkpoint = run.folder / 'epoch_3.pth'
        start = f'slurm_test.sh 1 part {job} {run.config_file} {checkpoint}'
        assert test.startswith(start)


def lines_of(terminal, quiet=False, **more):
    def tell(run):
        text = io.StringIO()
        console = Console(
            file=text, force_terminal=terminal, width=200, no_color=True
        )
        with SweepProgress(2, console, quiet) as progress:
            progress.watch('started', run, '')
            progress.watch('failed', run, 'because\n[of] this')
        return text.getvalue()

    return tell


def test_progress_is_plain_where_nobody_watches(run_of):
    out = lines_of(terminal=False)(run_of('w[1]', seed=3))
    assert out.splitlines() == [
        '[0/2] started: w[1], seed 3',
        '[1/2] failed: w[1], seed 3 (0 s)',
        '    because',
        '    [of] this',
    ]
    quiet = lines_of(terminal=False, quiet=True)(run_of('w[1]', seed=3))
    assert quiet.splitlines()[0] == '[1/2] failed: w[1], seed 3 (0 s)'


def test_progress_has_bars_on_a_terminal(run_of):
    out = lines_of(terminal=True)(run_of('w', seed=3))
    assert '0/2 runs' in out
    assert '[1/2] failed: w, seed 3' in out.replace('\x1b[31m', '')
