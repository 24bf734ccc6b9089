r"""Tell which classes are in the Motion Family of one, and why.

The affinity of each class is recomputed from the confusion counts: 0.5 if it
is among the top K confusions, plus the share of these that the two classes
have in common. A table, a picture of bars with the threshold, a CSV and a
JSON file show it::

    python tools/analysis/family_of_class.py work_dirs/x/epoch_40.pth \
        --class "drink water" --classes names.txt
    python tools/analysis/family_of_class.py work_dirs/x/epoch_40.pth \
        --class 12 --behaviour release --top-k 10 --overlap-threshold 4
    python tools/analysis/family_of_class.py work_dirs/x/epoch_40.pth \
        --class 12 --predictions test.pkl

K, threshold and rule are those of the config that the checkpoint carries,
unless flags or --config say otherwise. The counts go on growing after the
families of an epoch were made: "in force" tells which members the losses
used last. "Confused" is how often the class was taken for the other one, and
vice versa.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)
from _flags import add_classes
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.analysis.class_names import class_index, names_for
from aclnet_plugin.analysis.confusions import count_predictions
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.family_of_class import Relative, relatives_of
from aclnet_plugin.analysis.family_rules import (
    Affinities,
    FamilyRule,
    affinities,
    rule_of_checkpoint,
    rule_of_model,
)
from aclnet_plugin.analysis.learned_state import pick_state, read_checkpoint
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.evaluation import load_predictions
from aclnet_plugin.models.heads.behaviours import BEHAVIOURS
from aclnet_plugin.utils.arguments import number_above_0, whole_from
from aclnet_plugin.visualization.affinity_plot import plot_affinities

_SHOWN = 5  # shared confusions of a class, in the table


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('checkpoint', type=Path, help='checkpoint file')
    parser.add_argument(
        '--class',
        dest='owner',
        required=True,
        metavar='NAME|INDEX',
        help='the class whose family is shown',
    )
    add_classes(parser)
    parser.add_argument(
        '--predictions',
        type=Path,
        metavar='FILE',
        help='take the confusions of these predictions, of tools/test.py '
        '--dump, instead of those counted in training',
    )
    parser.add_argument(
        '--config',
        type=local_file,
        metavar='FILE',
        help='take K, threshold and rule from this config instead of the '
        'one in the checkpoint',
    )
    parser.add_argument(
        '--behaviour',
        choices=tuple(BEHAVIOURS),
        help='rule of the families. Defaults to that of the config',
    )
    parser.add_argument(
        '--top-k',
        type=number_above_0,
        metavar='K',
        help='size of a neighbour set. Defaults to that of the config',
    )
    parser.add_argument(
        '--overlap-threshold',
        type=whole_from(0),
        metavar='N',
        help='n_o of the threshold n_o / K. Defaults to that of the config',
    )
    parser.add_argument(
        '--top',
        type=number_above_0,
        default=20,
        metavar='N',
        help='how many classes to show, members first; the files have all. '
        'Defaults to 20',
    )
    return parser.parse_args(argv)


def chosen_rule(args: argparse.Namespace, meta: dict) -> FamilyRule:
    """The rule: of flags, else of --config, else of the checkpoint.

    Args:
        args: The command line.
        meta: ``meta`` of the checkpoint.

    Raises:
        AnalysisError: If the config has none.
    """
    if args.config is not None:
        model = read_config(args.config).get('model')
        rule = rule_of_model(model, Path(args.config).name)
        if rule is None:
            raise AnalysisError(f'{args.config} has no model with an ACLHead')
    else:
        rule = rule_of_checkpoint(meta)
        if rule is None:
            rule = FamilyRule()
            print(
                'note: the checkpoint does not tell K, threshold and rule; '
                'defaults are used. See --config.',
                file=sys.stderr,
            )
    return rule.changed(args.behaviour, args.top_k, args.overlap_threshold)


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Compute, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    saved, meta = read_checkpoint(args.checkpoint)
    state = pick_state(saved, meta, args.checkpoint)
    names = names_for(args.classes, state.names, len(state.counts))
    owner = class_index(args.owner, names)
    counts = state.counts
    if args.predictions is not None:
        found = load_predictions(args.predictions)
        counts = count_predictions(found, len(counts))
    rule = chosen_rule(args, meta)
    found = affinities(counts, rule)
    table = state.member if state.member.any() else None
    relatives = relatives_of(owner, found, counts, table)
    _print(owner, names, relatives, found, args.top)

    out = args.out or args.checkpoint.parent / 'affinity'
    stem = f'family_{owner}'
    shown = relatives[: args.top]
    figure = plot_affinities(
        names[owner],
        [names[one.index] for one in shown],
        [one.direct for one in shown],
        [one.indirect for one in shown],
        [one.member for one in shown],
        None if rule.union else rule.threshold,
        _subtitle(owner, relatives, found),
    )
    yield from save_figure(figure, out, stem, args.format)
    yield save_csv(_rows(names, relatives), out / f'{stem}.csv')
    yield save_json(
        _content(owner, names, relatives, found), out / f'{stem}.json'
    )


def _subtitle(owner: int, relatives: list[Relative], found: Affinities) -> str:
    rule = found.rule
    size = sum(one.member for one in relatives)
    kind = 'neighbours, and overlap above' if rule.union else 'affinity above'
    limit = f'{rule.overlap_threshold}'
    if not rule.union:
        limit += f'/{rule.top_k}'
    return (
        f'{size} {"member" if size == 1 else "members"}: {kind} {limit} '
        f'(K = {rule.top_k}, {rule.source})'
    )


def _print(
    owner: int,
    names: Sequence[str],
    relatives: list[Relative],
    found: Affinities,
    top: int,
) -> None:
    console = Console()
    mine = '; '.join(names[p] for p in found.neighbours[owner])
    if not console.is_terminal:
        print(f'class: {names[owner]}')
        print(f'family: {_subtitle(owner, relatives, found)}')
        print(f'top confusions: {mine or "none"}')
        for one in relatives[:top]:
            print(
                f'{names[one.index]}: affinity {one.affinity:.4f} = '
                f'{one.direct:.1f} + {one.indirect:.4f}, '
                f'{"member" if one.member else "not a member"}, '
                f'in force {_said(one.in_force)}, '
                f'confused {one.mistaken} and {one.mistaken_for} times, '
                f'shared: {"; ".join(names[p] for p in one.shared) or "none"}'
            )
    else:
        console.print(_table(owner, names, relatives[:top], found))
        console.print(Text(f'its top confusions: {mine or "none"}'))
    if len(relatives) > top:
        print(f'... and {len(relatives) - top} more; the files have them.')
    if not relatives:
        print('No class has an affinity to it: it was never confused.')


def _table(
    owner: int,
    names: Sequence[str],
    shown: list[Relative],
    found: Affinities,
) -> Table:
    title = Text(f'Family of {names[owner]}')
    table = Table(title=title, caption=_subtitle(owner, shown, found))
    table.add_column('class', overflow='fold', min_width=12)
    table.add_column('affinity', no_wrap=True)
    table.add_column('member')
    table.add_column('in force')
    table.add_column('confused', justify='right')
    table.add_column('shared confusions', overflow='fold', min_width=9)
    for one in shown:
        shared = [names[p] for p in one.shared[:_SHOWN]]
        shared += ['...'] * (len(one.shared) > _SHOWN)
        table.add_row(
            Text(names[one.index]),
            f'{one.affinity:.2f} = {one.direct:.1f} + {one.indirect:.2f}',
            'yes' if one.member else 'no',
            _said(one.in_force),
            f'{one.mistaken}, {one.mistaken_for}',
            Text('; '.join(shared)),
            style=None if one.member else 'dim',
        )
    return table


def _said(value: bool | None) -> str:
    return {True: 'yes', False: 'no', None: 'unknown'}[value]


def _rows(names: Sequence[str], relatives: list[Relative]) -> list[list]:
    header = ['class', 'name', *Relative._fields[1:4], 'overlap']
    header += ['taken_for_it', 'vice_versa', 'member', 'in_force', 'shared']
    return [
        header,
        *(
            [
                *(one.index, names[one.index], round(one.affinity, 6)),
                *(one.direct, round(one.indirect, 6), len(one.shared)),
                *(one.mistaken, one.mistaken_for, int(one.member)),
                '' if one.in_force is None else int(one.in_force),
                ' '.join(map(str, one.shared)),
            ]
            for one in relatives
        ),
    ]


def _content(
    owner: int,
    names: Sequence[str],
    relatives: list[Relative],
    found: Affinities,
) -> dict:
    rule = vars(found.rule) | {'threshold': found.rule.threshold}
    return {
        'class': owner,
        'classes': list(names),
        'rule': rule,
        'neighbours': found.neighbours[owner],
        'relatives': [
            one._asdict() | {'neighbours': found.neighbours[one.index]}
            for one in relatives
        ],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
