r"""Tell where the time of a training step goes, and what would shorten it.

Measures, for the training of a config with both contrastive losses active:
how fast compute takes batches of several sizes and how much memory that
needs; how long a step takes and which part has which share of it; how fast
the loader alone is with several numbers of workers. Then it recommends
numbers of workers and a batch size. Nothing is trained: weights and logs are
thrown away. Examples::

    python tools/analysis/profile_step.py CONFIG
    python tools/analysis/profile_step.py CONFIG --batch-size 16 32 64 \
        --num-workers 0 2 4 8 --amp --out work_dirs/profile
    python tools/analysis/profile_step.py CONFIG \
        --cfg-options train_dataloader.num_workers=4

Ctrl-C, or an error, ends the measuring; what is there by then is printed. The
exit status is 0, 1 after an error, 2 for a wrong command line, 130 after
Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)
from _flags import add_cfg_options
from mmengine.config import Config
from mmengine.dist import is_main_process
from rich.console import Console
from rich.progress import Progress

from aclnet_plugin.engine.profiling import (
    Findings,
    ProfileError,
    Setting,
    Timeline,
    Training,
    check_folder,
    check_launcher,
    print_findings,
    usable_cores,
    use_amp,
    write_findings,
)
from aclnet_plugin.engine.profiling.files import NAMES
from aclnet_plugin.engine.profiling.stages import Stages
from aclnet_plugin.engine.profiling.timeline import clock_of
from aclnet_plugin.utils.arguments import whole_from

# What makes the annotation files, by what their names begin with.
_MAKERS = {
    'synthetic': 'python tools/data/synthetic.py --out {path}',
    'nw_ucla': 'python tools/data/nw_ucla.py ARCHIVE {path}',
    'ntu60_3d': 'python tools/data/download.py ntu60_3d --root {folder}',
    'ntu120_3d': 'python tools/data/download.py ntu120_3d --root {folder}',
    'gym_2d': 'python tools/data/download.py gym_2d --root {folder}',
    'k400_2d': 'python tools/data/hrnet_2d.py TABLE {path} --skeletons ZIP',
    'pkummd_3d': 'python tools/data/pku_mmd.py SKELETONS LABELS SPLITS {path}',
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument(
        '--steps',
        type=whole_from(1),
        default=20,
        help='steps, or batches, that count. Defaults to 20',
    )
    parser.add_argument(
        '--warmup',
        type=whole_from(0),
        default=5,
        help='steps before, which do not. Defaults to 5',
    )
    parser.add_argument(
        '--batch-size',
        type=whole_from(1),
        nargs='+',
        metavar='N',
        help="sizes for compute alone. Defaults to half of the config's, "
        'that, and twice that',
    )
    parser.add_argument(
        '--num-workers',
        type=whole_from(0),
        nargs='+',
        metavar='N',
        help='numbers of workers for the loader alone. Defaults to 0, 1, 2, '
        '... up to --max-workers',
    )
    parser.add_argument(
        '--max-workers',
        type=whole_from(0),
        default=8,
        metavar='N',
        help='no more than there are cores. Defaults to 8',
    )
    parser.add_argument(
        '--device',
        choices=('auto', 'cpu', 'cuda'),
        default='auto',
        help='Defaults to auto: a GPU if there is one',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    add_cfg_options(parser, example='train_dataloader.batch_size=32')
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FOLDER',
        help=f'also write {", ".join(NAMES)} there',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace those files'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    parser.add_argument(
        '--launcher',
        choices=('none', 'pytorch', 'slurm', 'mpi'),
        default='none',
        help='what starts the processes. Defaults to none',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args(argv)


def load(args: argparse.Namespace) -> Config:
    """Read the config and apply the flags.

    Args:
        args: The parsed command line.

    Raises:
        ProfileError: If that is not possible.
    """
    if args.out is not None:
        check_folder(args.out, NAMES, args.overwrite)
    check_launcher(args.launcher)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    try:
        cfg = read_config(args.config, args.cfg_options)
    except ValueError as error:
        raise ProfileError(str(error)) from error
    cfg.launcher = args.launcher
    if args.amp and cfg.get('optim_wrapper') is not None:
        use_amp(cfg)
    return cfg


def build(cfg: Config, device: str) -> Training:
    """Build model, optimiser and loader.

    Args:
        cfg: The config.
        device: What ``--device`` says.

    Raises:
        ProfileError: If one of them cannot be built.
    """
    try:
        return Training(cfg, device)
    except FileNotFoundError as error:
        raise ProfileError(f'{error}{_how_to_make(cfg)}') from error
    except ProfileError:
        raise
    except Exception as error:
        # Every entry of a config can be wrong in a way of its own.
        raise ProfileError(
            f'the training cannot be built: {type(error).__name__}: {error}'
        ) from error


def _how_to_make(cfg: Config) -> str:
    """The command that makes the annotation file, if it is a known one."""
    dataset = cfg.train_dataloader.dataset
    while 'dataset' in dataset:  # RepeatDataset and its like
        dataset = dataset.dataset
    path = Path(str(dataset.get('ann_file', '')))
    for start, command in _MAKERS.items():
        if path.name.startswith(start):
            command = command.format(path=path, folder=path.parent)
            return f' Make it with: {command}'
    return ''


def sizes_of(args: argparse.Namespace, setting: Setting) -> list[int]:
    """Batch sizes to measure, ascending, that of a step among them.

    Args:
        args: The parsed command line.
        setting: What the config says.
    """
    own = setting.step_batch
    asked = args.batch_size
    if not asked:
        asked = [max(own // 2, 1), 2 * own]
        if setting.most is not None:
            asked[1] = min(asked[1], setting.most)
    return sorted({*asked, own})


def workers_of(
    args: argparse.Namespace, setting: Setting, notes: list[str]
) -> list[int]:
    """Numbers of workers to measure, ascending, the config's among them.

    Args:
        args: The parsed command line.
        setting: What the config says.
        notes: Is told what was left out.
    """
    configured = setting.num_workers
    if args.num_workers is not None:
        return sorted({*args.num_workers, configured})
    cores = usable_cores()
    if args.max_workers > cores:
        notes.append(
            f'There are {cores} cores, so no more than {cores} workers were '
            'tried; --num-workers takes any number.'
        )
    return sorted({*range(min(args.max_workers, cores) + 1), configured})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        cfg = load(args)
        training = build(cfg, args.device)
        findings = Findings(
            training.setting(args.config),
            timeline=Timeline(clock_of(training.trainee.device)),
        )
        if cfg.get('compile'):
            findings.notes.append('compile of the config was not applied.')
        end = measure(training, findings, args)
        if findings.anything and is_main_process():
            report(findings, args.out, end)
        if isinstance(end, KeyboardInterrupt) and findings.anything:
            return 130
        if end is not None:
            raise end
    except KeyboardInterrupt:
        print(
            'error: interrupted before anything was measured', file=sys.stderr
        )
        return 130
    except (ProfileError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def measure(
    training: Training, findings: Findings, args: argparse.Namespace
) -> KeyboardInterrupt | ProfileError | None:
    """Fill in the findings; what an early end leaves is kept.

    Args:
        training: What is measured.
        findings: Is filled in.
        args: The parsed command line.

    Returns:
        What ended it early, if anything did.
    """
    console = Console(stderr=True)
    hidden = args.quiet or not console.is_terminal or not is_main_process()
    try:
        with Progress(
            console=console, transient=True, disable=hidden
        ) as progress:
            stages = Stages(training, findings, progress.track)
            stages.run(
                sizes_of(args, findings.setting),
                workers_of(args, findings.setting, findings.notes),
                args.steps,
                args.warmup,
            )
    except (KeyboardInterrupt, ProfileError) as end:
        return end
    except Exception as error:
        # Model, data and config are the user's: anything can go wrong.
        failure = ProfileError(
            f'the measuring ended with {type(error).__name__}: {error}'
        )
        failure.__cause__ = error
        return failure
    return None


def report(
    findings: Findings, folder: Path | None, end: BaseException | None
) -> None:
    """Print what was measured, and write it if that is asked for.

    Args:
        findings: The findings.
        folder: Where to write it.
        end: What ended the measuring early, if anything did.
    """
    if end is not None:
        early = isinstance(end, KeyboardInterrupt)
        findings.notes.append(
            f'{"Interrupted" if early else "Ended by an error"}: this is '
            'what was there by then.'
        )
    print_findings(Console(), findings)
    for path in write_findings(findings, folder) if folder else ():
        # Not through rich, which would break a long path into lines.
        print(f'wrote {path}')


if __name__ == '__main__':
    sys.exit(main())
