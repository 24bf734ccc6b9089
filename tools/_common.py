"""What the command line tools share."""

import argparse
import os
import sys
from pathlib import Path

try:
    import aclnet_plugin  # before mmengine, whose import it quietens
except ModuleNotFoundError as error:
    if error.name != 'aclnet_plugin':
        raise
    # Started from a checkout that is not installed.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import aclnet_plugin  # noqa: F401

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from aclnet_plugin.utils import arguments


def local_file(name: str) -> str:
    """Check a path from the command line; addresses pass unchecked."""
    if '://' not in name and not Path(name).is_file():
        raise argparse.ArgumentTypeError(f'there is no file {name!r}')
    return name


def make_parser(doc: str) -> argparse.ArgumentParser:
    """Return a parser with the flags that training and testing share.

    Args:
        doc (str): Docstring of the tool: its first line says what it does,
            the rest, with examples, follows the flags in the help text.
    """
    parser = arguments.make_parser(doc)
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument(
        '--work-dir',
        help='folder for logs, checkpoints and metrics. '
        'Defaults to work_dirs/<name of the config>',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='entries that replace those of the config, for example '
        'optim_wrapper.optimizer.lr=0.1 or key="[a,b]"',
    )
    parser.add_argument(
        '--launcher',
        choices=('none', 'pytorch', 'slurm', 'mpi'),
        default='none',
        help='what starts the processes. Defaults to none',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser


def read_config(name: str, options: dict | None = None) -> Config:
    """Read a config and merge entries into it.

    Args:
        name (str): Its file.
        options (dict | None): Result of ``--cfg-options``.

    Raises:
        ValueError: If that is not possible.
    """
    try:
        cfg = Config.fromfile(name)
        cfg.merge_from_dict(options or {})
    except Exception as error:
        # A config is a program: anything can go wrong in it.
        raise ValueError(
            f'{name} cannot be read: {type(error).__name__}: {error}'
        ) from error
    return cfg


def load_config(args: argparse.Namespace) -> Config:
    """Read the config; apply launcher and work folder.

    The rank goes to the environment, where the Runner looks for it.

    Args:
        args (argparse.Namespace): Result of a parser of ``make_parser``.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(args.config).stem))
    return cfg


def build_runner(cfg: Config, args: argparse.Namespace) -> Runner:
    """Merge ``--cfg-options``, which have the last word, and build.

    Args:
        cfg (Config): The config with all other flags applied.
        args (argparse.Namespace): The parsed command line.
    """
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)
