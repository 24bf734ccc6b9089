r"""Test how a model does when joints or frames are missing.

Nothing is trained: joints of the test samples are set to zero, as missing
ones are in the data, and the accuracy is compared with the intact one. By
default these are left arm, right arm, two hands, two legs and trunk, as far
as the layout has them. A table, a picture, a CSV and a JSON file show it::

    python tools/analysis/occlusion.py CONFIG work_dirs/x/epoch_150.pth
    python tools/analysis/occlusion.py CONFIG work_dirs/x/epoch_150.pth \
        --parts left_arm two_legs --joints head,neck 3,7,11
    python tools/analysis/occlusion.py CONFIG work_dirs/x/epoch_150.pth \
        --random-joints 1 2 4 8 --drop-frames 0.1 0.25 0.5 --preset 1clip

Random joints and frames are drawn for each sample, from seed and sample name
alone, and in several draws whose spread is shown. --at says where in the
pipeline they go missing. By default that is after centring and before the
stream is made: missing joints lie at the origin, as those that are missing in
the data itself. With --at raw it is before centring, as a sensor would miss
them; then the joint that samples are centred on must not be missing, or they
are not centred at all, and part trunk tests just that. With --at features the
network's input of those joints is zero, whatever the stream. Dropped frames
have a flag of their own, --frames.

After Ctrl-C the tests that are complete are shown and written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)
from _flags import add_cfg_options, add_running, add_seed, chosen_device
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.occlusion import (
    FRAMES,
    STAGES,
    Outcome,
    Trial,
    inserted,
    known_groups,
    outcomes,
    plan_trials,
    set_pipeline,
    test_hits,
)
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.relations import load_classifier
from aclnet_plugin.evaluation import CLIP_PRESETS, apply_preset
from aclnet_plugin.evaluation.embeddings import build_dataset
from aclnet_plugin.evaluation.embeddings.samples import innermost
from aclnet_plugin.structures import SkeletonLayout, get_layout
from aclnet_plugin.utils.arguments import number_above_0
from aclnet_plugin.visualization.occlusion_plot import Curve, plot_occlusion

_STEM = 'occlusion'


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint file')
    parser.add_argument(
        '--parts',
        nargs='+',
        default=[],
        metavar='NAME',
        help='parts or regions of the layout. Defaults to the five named '
        'above, if no other flag says what is missing',
    )
    parser.add_argument(
        '--joints',
        nargs='+',
        default=[],
        metavar='LIST',
        help='lists of joints, each indices from 0 or names joined by '
        'commas, such as 3,7,11',
    )
    parser.add_argument(
        '--random-joints',
        nargs='+',
        type=number_above_0,
        default=[],
        metavar='N',
        help='so many joints, drawn for each sample',
    )
    parser.add_argument(
        '--drop-frames',
        nargs='+',
        type=float,
        default=[],
        metavar='SHARE',
        help='this share of the frames, drawn for each sample',
    )
    parser.add_argument(
        '--frames',
        choices=FRAMES,
        default='recorded',
        help='what becomes of dropped frames. recorded: zero where the '
        'pipeline begins, as where a sensor saw nobody, which most 3D '
        'pipelines take out; zero: zero at --at; removed: taken out. '
        'Defaults to recorded',
    )
    parser.add_argument(
        '--repeats',
        type=number_above_0,
        default=3,
        metavar='N',
        help='draws of what is random. Defaults to 3',
    )
    parser.add_argument(
        '--at',
        choices=STAGES,
        default='centred',
        help='where in the pipeline it goes missing. Defaults to centred',
    )
    parser.add_argument(
        '--layout',
        metavar='NAME',
        help='skeleton layout. Defaults to that of the backbone, else of the '
        'data set',
    )
    add_running(parser)
    parser.add_argument(
        '--preset',
        choices=tuple(CLIP_PRESETS),
        help='clips per sample, as in tools/test.py. Defaults to what the '
        'config says',
    )
    add_seed(parser)
    add_cfg_options(parser)
    return parser.parse_args(argv)


def chosen_layout(
    name: str | None, model: object, dataset: object
) -> SkeletonLayout:
    """The skeleton that parts are of.

    Args:
        name: What ``--layout`` says.
        model: Its backbone may tell.
        dataset: Its samples may tell.

    Raises:
        AnalysisError: If nothing tells, or there is no such layout.
    """
    found = name or getattr(getattr(model, 'backbone', None), 'layout', None)
    if found is None:
        found = dataset.get_data_info(0).get('layout')
    if found is None:
        raise AnalysisError(
            'neither backbone nor data set tell the skeleton layout; name '
            'it with --layout, for example --layout nturgb+d'
        )
    return get_layout(found)


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Test, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    cfg = read_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    MMLogger.get_current_instance().setLevel('WARNING')
    if args.preset is not None:
        if cfg.get('test_dataloader') is None:
            raise AnalysisError('--preset needs a test_dataloader')
        apply_preset(cfg, CLIP_PRESETS[args.preset], args.batch_size)
    pipeline = test_pipeline(cfg)
    device = chosen_device(args.device)
    model = load_classifier(cfg, args.checkpoint, device)
    dataset, loader = build_dataset(cfg, args.split)
    layout = chosen_layout(args.layout, model, dataset)
    parts = args.parts
    if not (parts or args.joints or args.random_joints or args.drop_frames):
        parts = known_groups(layout)
    trials = plan_trials(
        layout,
        parts,
        args.joints,
        args.random_joints,
        args.drop_frames,
        args.repeats,
        args.seed,
        args.frames,
    )
    if len(trials) == 1:
        raise AnalysisError(
            f'the layout {layout.name} has no parts; say what is missing '
            f'with --joints or --random-joints'
        )
    plans = [
        inserted(pipeline, one.transform, one.stage or args.at)
        for one in trials
    ]
    done: list[tuple[Trial, np.ndarray]] = []
    labels = np.zeros(0, np.int64)
    stopped: KeyboardInterrupt | None = None
    hidden = not sys.stderr.isatty()
    with Progress(
        console=Console(stderr=True), disable=hidden, transient=True
    ) as bar:
        task = bar.add_task('', total=len(trials) * len(dataset))
        for trial, plan in zip(trials, plans, strict=True):
            bar.update(task, description=trial.label)
            set_pipeline(dataset, plan)
            try:
                hits, labels = test_hits(
                    model,
                    dataset,
                    batch_size=args.batch_size or loader.get('batch_size', 16),
                    num_workers=loader.get('num_workers', 0),
                    advance=lambda count: bar.advance(task, count),
                )
            except KeyboardInterrupt as error:
                stopped = error
                break
            done.append((trial, hits))
    if stopped and len(done) < 2:
        raise stopped
    found = outcomes(done, labels, seed=args.seed)
    _print(args, found)
    out = args.out or args.checkpoint.parent / _STEM
    yield from _pictures(args, found, len(labels), out)
    yield save_csv(_rows(found), out / f'{_STEM}.csv')
    content = {
        'checkpoint': args.checkpoint.name,
        'split': args.split,
        'preset': args.preset,
        'layout': layout.name,
        'at': args.at,
        'frames': args.frames,
        'seed': args.seed,
        'samples': len(labels),
        'complete': stopped is None,
        'tests': [
            {
                'kind': one.trial.kind,
                'missing': one.trial.label,
                'level': one.trial.level,
                'joints': _joints(one.trial),
                'accuracies': list(one.accuracies),
                'accuracy': one.mean,
                'spread': one.spread,
                'difference': one.mean - found[0].mean,
                'low': one.low,
                'high': one.high,
            }
            for one in found
        ],
    }
    yield save_json(content, out / f'{_STEM}.json')
    if stopped:
        raise stopped


def test_pipeline(cfg: Config) -> list:
    """The pipeline that samples are tested with.

    Args:
        cfg: The config.

    Raises:
        AnalysisError: If it has none.
    """
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    inner = innermost(loader) if loader and 'dataset' in loader else {}
    if not inner.get('pipeline'):
        raise AnalysisError(
            'the config has no test_dataloader with one dataset and a '
            'pipeline, into which joints could be hidden'
        )
    return list(inner['pipeline'])


def _joints(trial: Trial) -> list[int] | None:
    joints = (trial.transform or {}).get('joints')
    return None if joints is None else list(joints)


def _pictures(
    args: argparse.Namespace, found: list[Outcome], samples: int, out: Path
) -> Iterator[Path]:
    intact = found[0].mean
    curves = []
    for kind, label, scale in (
        ('random', 'random joints', 1),
        ('frames', 'share of frames lost (%)', 100),
    ):
        mine = sorted(
            (one for one in found if one.trial.kind == kind),
            key=lambda one: one.trial.level,
        )
        if mine:
            curves.append(
                Curve(
                    label,
                    [0, *(scale * one.trial.level for one in mine)],
                    [intact, *(one.mean for one in mine)],
                    [0, *(one.spread or np.nan for one in mine)],
                )
            )
    parts = {o.trial.label: o.mean for o in found if o.trial.kind == 'part'}
    if not parts and not curves:
        return
    where = {
        'raw': 'before centring',
        'centred': 'after centring',
        'features': 'in the input of the network',
    }
    subtitle = f'{args.checkpoint.name}; {samples} samples; joints are zero '
    subtitle += where[args.at]
    if any(one.trial.kind == 'frames' for one in found):
        subtitle += f'; dropped frames: {args.frames}'
    if curves:
        subtitle += f'\nshaded: standard deviation of {args.repeats} draws'
    figure = plot_occlusion(intact, parts, curves, subtitle=subtitle)
    yield from save_figure(figure, out, _STEM, args.format)


def _rows(found: list[Outcome]) -> list[list]:
    header = ['missing', 'kind', 'level', 'joints', 'draws', 'accuracy']
    rows: list[list] = [[*header, 'spread', 'difference', 'low', 'high']]
    for one in found:
        numbers = (one.spread, one.mean - found[0].mean, one.low, one.high)
        rows.append(
            [
                one.trial.label,
                one.trial.kind,
                '' if one.trial.level is None else one.trial.level,
                ' '.join(map(str, _joints(one.trial) or ())),
                len(one.accuracies),
                round(one.mean, 6),
                *('' if x is None else round(x, 6) for x in numbers),
            ]
        )
    return rows


def _print(args: argparse.Namespace, found: list[Outcome]) -> None:
    intact = found[0]
    rows = []
    for one in found:
        text = f'{100 * one.mean:.2f}'
        if one.spread is not None:
            text += f' ± {100 * one.spread:.2f}'
        change = ''
        if one.low is not None:
            change = (
                f'{100 * (one.mean - intact.mean):+.2f} '
                f'[{100 * one.low:+.2f}, {100 * one.high:+.2f}]'
            )
        rows.append((one.trial.label, text, change))
    console = Console()
    if not console.is_terminal:
        for row in rows:
            print(f'{row[0]}: {" ".join(filter(None, row[1:]))}')
        return
    table = Table(title='Accuracy (%) with joints or frames missing')
    table.add_column('missing', overflow='fold')
    table.add_column('accuracy', justify='right')
    table.add_column('difference [95 %]')
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
