r"""Draw which joints and links a model attends to in a class.

The backbone makes a graph of its own for each sample. Averaged over the test
samples of a class it says how strongly each joint acts on each other one; a
joint's importance is its share of all links, from it and to it. A picture of
the skeleton, a CSV of joints, one of links and a JSON file show it::

    python tools/analysis/joint_importance.py CONFIG \
        work_dirs/x/epoch_150.pth --class "drink water" --classes names.txt
    python tools/analysis/joint_importance.py CONFIG \
        work_dirs/x/epoch_150.pth --class 0 --beside 1 2 --only-correct
    python tools/analysis/joint_importance.py CONFIG \
        work_dirs/x/epoch_150.pth --class 0 --beside family --relative

What all classes have in common tends to dominate: --relative subtracts the
mean over the classes, and shows what is special to each.
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
from _flags import (
    add_cfg_options,
    add_classes,
    add_running,
    add_seed,
    chosen_device,
)
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.class_names import class_index, names_for
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.importance import (
    joint_importance,
    mean_relation,
    strongest_links,
)
from aclnet_plugin.analysis.learned_state import family_members, load_state
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.analysis.relations import (
    collect_relations,
    load_classifier,
)
from aclnet_plugin.analysis.sample_pose import (
    SamplePose,
    pose_of_sample,
    rest_pose,
)
from aclnet_plugin.evaluation.embeddings import build_dataset, describe_samples
from aclnet_plugin.structures import SkeletonLayout, get_layout
from aclnet_plugin.utils.arguments import number_above_0, whole_from
from aclnet_plugin.visualization.importance_plot import (
    ImportancePanel,
    plot_importance,
)
from aclnet_plugin.visualization.skeleton_plot import (
    bones_of,
    project_pose,
    widest_azimuth,
)

_MOST = 4  # classes on one page


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint file')
    parser.add_argument(
        '--class',
        dest='owner',
        required=True,
        metavar='NAME|INDEX',
        help='the class to show',
    )
    parser.add_argument(
        '--beside',
        nargs='+',
        default=[],
        metavar='NAME|INDEX',
        help='up to 3 further classes beside it; "family": the member of its '
        'Motion Family that it is confused with most',
    )
    add_classes(parser, 'names of the data set, else to the class indices')
    add_running(parser)
    parser.add_argument(
        '--only-correct',
        action='store_true',
        help='leave out samples that the model takes for another class',
    )
    parser.add_argument(
        '--relative',
        action='store_true',
        help='subtract the mean over all classes (takes the whole split)',
    )
    parser.add_argument(
        '--samples',
        type=number_above_0,
        metavar='N',
        help='at most so many samples of each class, drawn with --seed. '
        'Defaults to all',
    )
    parser.add_argument(
        '--top',
        type=whole_from(0),
        default=12,
        metavar='N',
        help='how many links to draw, besides bones. Defaults to 12',
    )
    parser.add_argument(
        '--pose',
        choices=('sample', 'rest'),
        default='sample',
        help='skeleton to draw on: the sample with the highest score of the '
        'class, or an upright one. Defaults to sample',
    )
    parser.add_argument(
        '--frame',
        type=whole_from(0),
        metavar='N',
        help='frame of the sample. Defaults to the one farthest from its '
        'mean pose',
    )
    parser.add_argument(
        '--azimuth',
        type=float,
        metavar='DEGREES',
        help='turn 3D skeletons by this about their vertical axis. Defaults '
        'to what shows them widest',
    )
    parser.add_argument(
        '--up',
        choices=('y', '-y', 'z', '-z'),
        help='coordinate that points upwards. Defaults to y in 3D, to -y in '
        '2D',
    )
    add_seed(parser)
    add_cfg_options(parser)
    return parser.parse_args(argv)


def layout_of(model: object) -> SkeletonLayout:
    """The skeleton of a backbone.

    Args:
        model: The model.

    Raises:
        AnalysisError: If the backbone does not tell.
    """
    layout = getattr(getattr(model, 'backbone', None), 'layout', None)
    if layout is None:
        name = type(getattr(model, 'backbone', model)).__name__
        raise AnalysisError(
            f'the backbone of the config, {name}, has no layout and no '
            f'relation vector; only one such as ACLGCN shows learned links'
        )
    return get_layout(layout)


def chosen_classes(
    args: argparse.Namespace, names: Sequence[str]
) -> list[int]:
    """The classes to draw, without repetition.

    Args:
        args: The command line.
        names: Names of all classes.

    Raises:
        AnalysisError: If there is no such class, or no family.
    """
    chosen = [class_index(args.owner, names)]
    for wanted in args.beside:
        if wanted != 'family' or 'family' in names:
            chosen.append(class_index(wanted, names))
            continue
        members = family_members(load_state(args.checkpoint), chosen[0])
        members = [other for other in members if other not in chosen]
        if not members:
            raise AnalysisError(
                f'{names[chosen[0]]} has no family in {args.checkpoint}; '
                f'name a class for --beside'
            )
        chosen.append(members[0])
    chosen = list(dict.fromkeys(chosen))
    if len(chosen) > _MOST:
        raise AnalysisError(f'at most {_MOST} classes fit on one page')
    return chosen


def sampled(
    labels: np.ndarray, classes: Sequence[int], limit: int | None, seed: int
) -> np.ndarray:
    """Places of samples of some classes.

    Args:
        labels: ``(N,)``.
        classes: Which.
        limit: At most so many of each; None for all.
        seed: Decides which.

    Returns:
        Ascending places.
    """
    rng = np.random.default_rng(seed)
    places = []
    for one in classes:
        found = np.flatnonzero(labels == one)
        if limit is not None and len(found) > limit:
            found = rng.choice(found, limit, replace=False)
        places.append(found)
    return np.sort(np.concatenate(places))


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Run the model, average, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    cfg = read_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    MMLogger.get_current_instance().setLevel('WARNING')
    device = chosen_device(args.device)
    model = load_classifier(cfg, args.checkpoint, device)
    layout = layout_of(model)
    total = model.cls_head.num_classes
    dataset, loader = build_dataset(cfg, args.split)
    hidden = not sys.stderr.isatty()
    with Progress(
        console=Console(stderr=True), disable=hidden, transient=True
    ) as bar:
        table = describe_samples(
            dataset, lambda rows: bar.track(rows, description='reading')
        )
        names = names_for(args.classes, table.classes, total)
        chosen = chosen_classes(args, names)
        wanted = range(total) if args.relative else chosen
        places = sampled(table.labels, wanted, args.samples, args.seed)
        labels = table.labels[places]
        for one in chosen:
            if not (labels == one).any():
                raise AnalysisError(
                    f'the split has no sample of {names[one]}; name another '
                    f'one with --split'
                )
        task = bar.add_task('relations', total=len(places))
        found = collect_relations(
            model,
            dataset,
            places.tolist(),
            batch_size=args.batch_size or loader.get('batch_size', 16),
            num_workers=loader.get('num_workers', 0),
            advance=lambda count: bar.advance(task, count),
        )
    kept = np.ones(len(labels), bool)
    if args.only_correct:
        kept = found.scores.argmax(1) == labels
    baseline = None
    if args.relative:
        baseline = np.mean(
            [
                mean_relation(found.matrices[kept & (labels == one)])
                for one in np.unique(labels[kept])
            ],
            axis=0,
        )
    weights, counts, poses = {}, {}, {}
    for one in chosen:
        mine = kept & (labels == one)
        if not mine.any():
            raise AnalysisError(
                f'no sample of {names[one]} is classified correctly; leave '
                f'out --only-correct'
            )
        weights[one] = mean_relation(found.matrices[mine], baseline)
        counts[one] = int(mine.sum())
        best = np.flatnonzero(mine)[found.scores[mine, one].argmax()]
        poses[one] = _pose(args, dataset, int(places[best]), layout)
    if not any(one.any() for one in weights.values()):
        print(
            'note: all links are 0. The model has not begun to learn them.',
            file=sys.stderr,
        )
    _print(args, names, layout, weights, counts)
    out = args.out or args.checkpoint.parent / 'importance'
    stem = 'importance_' + '_'.join(map(str, chosen))
    panels = [
        _panel(args, layout, names[one], weights[one], counts[one], poses[one])
        for one in chosen
    ]
    title = 'Joint and link importance'
    subtitle = f'{args.checkpoint.name}; '
    subtitle += 'difference to the mean of all classes' * args.relative
    subtitle += 'mean learned relation' * (not args.relative)
    subtitle += '; correctly classified samples' * args.only_correct
    figure = plot_importance(panels, layout, title, subtitle)
    yield from save_figure(figure, out, stem, args.format)
    joints, links = _rows(names, layout, weights)
    yield save_csv(joints, out / f'{stem}_joints.csv')
    yield save_csv(links, out / f'{stem}_links.csv')
    content = {
        'checkpoint': args.checkpoint.name,
        'split': args.split,
        'only_correct': args.only_correct,
        'relative': args.relative,
        'layout': layout.name,
        'joints': _joint_names(layout),
        'classes': [
            {
                'class': one,
                'name': names[one],
                'samples': counts[one],
                'importance': joint_importance(weights[one]).tolist(),
                'relation': weights[one].tolist(),
            }
            for one in chosen
        ],
    }
    yield save_json(content, out / f'{stem}.json')


def _pose(
    args: argparse.Namespace,
    dataset: object,
    place: int,
    layout: SkeletonLayout,
) -> SamplePose:
    if args.pose == 'rest':
        return rest_pose(layout)
    return pose_of_sample(dataset.get_data_info(place), layout, args.frame)


def _panel(
    args: argparse.Namespace,
    layout: SkeletonLayout,
    name: str,
    weights: np.ndarray,
    count: int,
    pose: SamplePose,
) -> ImportancePanel:
    up = args.up or ('y' if layout.dims == 3 else '-y')
    azimuth = args.azimuth
    if azimuth is None:
        azimuth = 0.0
        if layout.dims == 3:
            azimuth = widest_azimuth(pose.points[pose.visible], up)
    links = strongest_links(weights, bones_of(layout))
    drawn = [link[:3] for link in links if not link.bone][: args.top]
    return ImportancePanel(
        name,
        f'{count} {"sample" if count == 1 else "samples"}; {pose.where}',
        project_pose(pose.points, layout.dims, azimuth, up=up),
        pose.visible,
        joint_importance(weights),
        [link for link in drawn if link[2]],
    )


def _joint_names(layout: SkeletonLayout) -> list[str]:
    numbers = [f'joint {v}' for v in range(layout.num_joints)]
    return list(layout.joint_names) or numbers


def _print(
    args: argparse.Namespace,
    names: Sequence[str],
    layout: SkeletonLayout,
    weights: dict[int, np.ndarray],
    counts: dict[int, int],
) -> None:
    console = Console()
    joints = _joint_names(layout)
    for one, matrix in weights.items():
        shares = joint_importance(matrix)
        order = np.argsort(-shares, kind='stable')[:8].tolist()
        links = strongest_links(matrix, bones_of(layout))
        links = [link for link in links if not link.bone][: min(args.top, 8)]
        if not console.is_terminal:
            print(f'class: {names[one]}, {counts[one]} samples')
            for joint in order:
                print(f'joint {joints[joint]}: {shares[joint]:.4f}')
            for link in links:
                pair = f'{joints[link.first]} - {joints[link.second]}'
                print(f'link {pair}: {link.weight:+.5f}')
            continue
        title = Text(f'{names[one]} ({counts[one]} samples)')
        table = Table(title=title)
        table.add_column('joint')
        table.add_column('share', justify='right')
        table.add_column('link')
        table.add_column('weight', justify='right')
        for row in range(max(len(order), len(links))):
            cells = ['', '', '', '']
            if row < len(order):
                cells[0] = joints[order[row]]
                cells[1] = f'{shares[order[row]]:.1%}'
            if row < len(links):
                link = links[row]
                cells[2] = f'{joints[link.first]} - {joints[link.second]}'
                cells[3] = f'{link.weight:+.4f}'
            table.add_row(*map(Text, cells))
        console.print(table)


def _rows(
    names: Sequence[str],
    layout: SkeletonLayout,
    weights: dict[int, np.ndarray],
) -> tuple[list[list], list[list]]:
    joints = _joint_names(layout)
    of_joints = [['class', 'name', 'joint', 'joint_name', 'importance']]
    of_links = [
        [
            *('class', 'name', 'source', 'source_name', 'target'),
            *('target_name', 'weight', 'bone'),
        ]
    ]
    known = {frozenset(bone) for bone in bones_of(layout).tolist()}
    for one, matrix in weights.items():
        for joint, share in enumerate(joint_importance(matrix)):
            row = [one, names[one], joint, joints[joint], round(share, 6)]
            of_joints.append(row)
        order = np.argsort(-np.abs(matrix), axis=None, kind='stable')
        for source, target in zip(
            *(axis.tolist() for axis in np.unravel_index(order, matrix.shape)),
            strict=True,
        ):
            of_links.append(
                [
                    *(one, names[one], source, joints[source]),
                    *(target, joints[target]),
                    f'{matrix[source, target]:.6g}',
                    int(frozenset((source, target)) in known),
                ]
            )
    return of_joints, of_links


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
