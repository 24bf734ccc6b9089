r"""Check the data of a config against its model: CONFIG [flags].

For example, a config as it is; with other data::

    python tools/check_data.py configs/aclnet/NAME.py
    python tools/check_data.py my_config.py \
        --cfg-options train_dataloader.dataset.ann_file=data/mine.pkl

Prints totals, sequences per class, a histogram of lengths, what is wrong and
how to mend it. Builds the datasets, not the model. The exit status is 0 if a
training could start, 1 if there are errors, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)
from _flags import add_cfg_options
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import Progress, SpinnerColumn

from aclnet_plugin.datasets.inspection import (
    DataReport,
    Expectation,
    Problem,
    build_datasets,
    expectation_of,
    inspect_data,
)
from aclnet_plugin.datasets.inspection.loading import SPLITS
from aclnet_plugin.datasets.inspection.tables import print_report
from aclnet_plugin.utils.arguments import make_parser


def parse_args(
    argv: Sequence[str] | None = None,
) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The command line, and its parser for later complaints."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='config file')
    add_cfg_options(parser, example='model.cls_head.num_classes=12')
    parser.add_argument(
        '--splits',
        nargs='+',
        choices=SPLITS,
        help='which data to look at. Defaults to all that the config has',
    )
    parser.add_argument(
        '--dump-json',
        type=Path,
        metavar='FILE',
        help='also write everything found to this file',
    )
    return parser, parser.parse_args(argv)


def load(args: argparse.Namespace) -> Config:
    """Read the config.

    Args:
        args: The parsed command line.

    Raises:
        ValueError: If it cannot be read, or has not the splits asked for.
    """
    cfg = read_config(args.config, args.cfg_options)
    present = [s for s in SPLITS if cfg.get(f'{s}_dataloader') is not None]
    lacking = [s for s in args.splits or () if s not in present]
    if lacking or not present:
        names = ', '.join(f'{s}_dataloader' for s in lacking or SPLITS)
        raise ValueError(f'{args.config} has no {names}')
    return cfg


def check(cfg: Config, splits: Sequence[str], console: Console) -> DataReport:
    """Build the datasets and look at them, with progress bars.

    Args:
        cfg: The config.
        splits: Which of them.
        console: For the progress; nothing is shown unless it is a terminal.
    """
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    MMLogger.get_current_instance().setLevel('WARNING')
    expectation, problems = _expectation(cfg)
    if 'train' in splits and cfg.get('train_dataloader') is None:
        what = 'the config has no train_dataloader.'
        mend = 'Nothing can be trained with it; val and test are looked at.'
        problems.append(Problem('warning', 'train', '', what, mend))
    quiet = not console.is_terminal
    columns = (SpinnerColumn(), *Progress.get_default_columns())
    with Progress(
        *columns, console=console, transient=True, disable=quiet
    ) as progress:

        def track(samples: Iterable, description: str, total: int) -> Iterable:
            return progress.track(samples, total, description=description)

        reading = progress.add_task('reading files', total=None)
        datasets = build_datasets(cfg, splits)
        progress.remove_task(reading)
        report = inspect_data(
            datasets, expectation, _overlap_allowed(cfg), track
        )
    return replace(report, problems=(*problems, *report.problems))


def _expectation(cfg: Config) -> tuple[Expectation, list[Problem]]:
    """What the model demands, and what is wrong with it."""
    try:
        expectation = expectation_of(cfg)
    except ValueError as error:
        what = f'the model of the config cannot be built: {error}'
        mend = 'Correct the config; the data was not compared with a model.'
        return Expectation(), [Problem('error', 'model', '', what, mend)]
    if expectation.num_classes is None:
        what = 'the config has no model.cls_head.num_classes.'
        mend = 'Set it; without it no label is known to be too large.'
        return expectation, [Problem('warning', 'model', '', what, mend)]
    return expectation, []


def _overlap_allowed(cfg: Config) -> bool:
    """Whether the config lists a CheckDataHook that allows it."""
    return any(
        hook.get('type') == 'CheckDataHook' and hook.get('allow_overlap')
        for hook in cfg.get('custom_hooks') or ()
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser, args = parse_args(argv)
    try:
        cfg = load(args)
    except ValueError as error:
        parser.error(str(error))
    report = check(cfg, args.splits or SPLITS, Console(stderr=True))
    print_report(Console(), report)
    if args.dump_json is not None:
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
        try:
            args.dump_json.parent.mkdir(parents=True, exist_ok=True)
            args.dump_json.write_text(text + '\n', encoding='utf-8')
        except OSError as error:
            parser.error(f'argument --dump-json: {error}')
    return 1 if report.of('error') else 0


if __name__ == '__main__':
    sys.exit(main())
