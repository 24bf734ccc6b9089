r"""Train every setting of a grid with several seeds; tell what each reaches.

Settings are all combinations of ``--grid``, or come from a file, which can
also name them. Ready ones are in ``configs/aclnet/sweeps``: the components of
the method (Table VIII of the paper) and its hyper-parameters (Fig. 4)::

    config=configs/aclnet/aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py
    python tools/analysis/sweep.py $config \
        --grid-file configs/aclnet/sweeps/components.yml --seeds 0 1 2
    python tools/analysis/sweep.py $config --seeds 0 1 2 --grid \
        model.cls_head.families.overlap_threshold=2,3,4 \
        model.cls_head.families.top_k=5,10
    # A look before anything starts; two GPUs, a run on each; under slurm.
    python tools/analysis/sweep.py $config --grid-file FILE --dry-run
    python tools/analysis/sweep.py $config --grid-file FILE --gpus 0 1
    python tools/analysis/sweep.py $config --grid-file FILE --slurm PART | bash
    python tools/analysis/sweep.py $config --grid-file FILE --plot-only

Values with commas stand in brackets: KEY=(0.1,0.5,1),(0.1,0.1,0.1). A grid
file (JSON, YAML or Python) has ``grid``, lists of values by key, or
``settings``, a list of entries with ``name`` and ``options``, and a ``title``
if wanted.

Each run is a process of its own. The same command again goes on where the
last one ended, however it ended: finished runs are kept, those that were
killed resume from their last checkpoint, failed ones stay as they are unless
--retry-failed. A result belongs to what its config comes to, so that it also
counts when the grid is extended or a setting renamed. If the base config has
changed, the command stops and tells in what.

The figures are those after the last epoch, of the validation or, with
--test, of tools/test.py as the config has it. They are never those of the
best epoch, which would be chosen on the very samples that are counted. What
the config cannot tell, such as other data in a file of the same name, is not
noticed; commits and versions are kept with each result, and told when they
differ.

``mim gridsearch mmaction CONFIG --search-args '--KEY V1 V2'`` of openmim also
starts a training for each combination, one after the other, and suffices for
a quick try with one seed whose logs one reads oneself. It takes only keys
that the config spells out (most of this head are defaults), ends at the first
failure, and neither knows what is finished nor collects anything: started
again it begins anew or, with --resume behind it, starts every run once more.

The exit status is 0, 1 if a run is missing or after an error, 2 for a wrong
command line, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _common import local_file  # first: finds an uninstalled checkout
from _flags import add_cfg_options
from _many_runs import (
    SCRIPTS,
    add_launching,
    add_metric,
    add_seeds,
    carry_out,
    print_commands,
    run_command,
)
from rich.console import Console

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.output import (
    make_parser,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.sweep.grid import (
    Grid,
    full_grid,
    parse_axes,
    read_grid,
)
from aclnet_plugin.analysis.sweep.picture import draw
from aclnet_plugin.analysis.sweep.plan import Plan, check_base, make_plan
from aclnet_plugin.analysis.sweep.runs import (
    check_owner,
)
from aclnet_plugin.analysis.sweep.summary import summarise
from aclnet_plugin.analysis.sweep.tables import as_json, as_rows, print_summary


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='base config')
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        '--grid',
        nargs='+',
        metavar='KEY=V1,V2',
        help='keys of the config and their values; all combinations are run',
    )
    which.add_argument(
        '--grid-file', type=local_file, metavar='FILE', help='the same, or '
        'named settings, from a file',
    )  # fmt: skip
    add_seeds(parser, 'setting')
    parser.add_argument(
        '--work-dir',
        type=Path,
        metavar='DIR',
        help='folder of the runs. Defaults to work_dirs/sweep_<config>',
    )
    add_cfg_options(parser, 'those of the base config')
    parser.add_argument(
        '--test',
        action='store_true',
        help='also test the checkpoint of the last epoch, and tell that',
    )
    add_metric(parser)
    add_launching(parser)
    parser.add_argument(
        '--rebase',
        action='store_true',
        help='go on though the base config of the folder has changed',
    )
    return parser.parse_args(argv)


def read_plan(args: argparse.Namespace) -> Plan:
    """Read and check all settings.

    Args:
        args: The command line.

    Raises:
        AnalysisError: If one of them cannot be trained.
    """
    root = args.work_dir or Path(
        'work_dirs', f'sweep_{Path(args.config).stem}'
    )
    grid: Grid = (
        read_grid(args.grid_file)
        if args.grid_file
        else full_grid(parse_axes(args.grid))
    )
    console = Console(stderr=True)
    with console.status('checking the settings') as status:

        def advance() -> None:
            advance.done += 1
            status.update(
                f'checking the settings: {advance.done} of '
                f'{len(grid.settings)}'
            )

        advance.done = 0
        plan = make_plan(
            Path(args.config), grid, args.seeds, root, args.cfg_options,
            advance,
        )  # fmt: skip
    for run in plan.runs:
        if not run.length:
            raise AnalysisError(
                f'{args.config} has no train_cfg with max_epochs or max_iters'
            )
        if run.resolved.get('val_dataloader') is None and not args.test:
            raise AnalysisError(f'{args.config} has no validation; add --test')
        if args.test and run.resolved.get('test_dataloader') is None:
            raise AnalysisError(f'{args.config} has no test_dataloader')
        check_owner(run)
    return plan


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Run the sweep; print and write what it found.

    Args:
        args: The command line; ``missing`` is set in it, the number of runs
            without a result.

    Yields:
        The files.
    """
    plan = read_plan(args)
    writes = not (args.dry_run or args.plot_only)
    check_base(plan, args.rebase, writes)
    if args.dry_run or args.slurm:
        print_commands(plan.runs, SCRIPTS, args.test, args)
        return
    outcomes = carry_out(plan.runs, SCRIPTS, args.test, args, plan.root)
    summary = summarise(plan, outcomes, args.metric, args.test)
    print_summary(summary, Console())
    out = args.out or plan.root / 'report'
    yield from save_figure(draw(plan, summary), out, 'sweep', args.format)
    yield save_csv(as_rows(plan, summary, outcomes), out / 'sweep.csv')
    yield save_json(as_json(plan, summary, outcomes), out / 'sweep.json')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_command(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
