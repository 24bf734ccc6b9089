r"""Map the embeddings of chosen classes, for several checkpoints side by side.

Each panel is a map of the same test samples, made from the features of one
checkpoint, and begins where the one before ended, so that panels can be
compared; distances between panels mean nothing. Silhouette and purity are of
the features, not of their map. From a config and its checkpoints, or from
files of tools/extract_embeddings.py::

    python tools/analysis/embedding_map.py CONFIG work_dirs/x/epoch_30.pth \
        work_dirs/x/epoch_150.pth --classes-shown 0 1 2 "drink water"
    python tools/analysis/embedding_map.py baseline.npz ours.npz \
        --titles baseline ACLNet --family-of 10 --method umap

A picture, a CSV of the coordinates and a JSON file are written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _common import read_config  # first: finds an uninstalled checkout
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
from aclnet_plugin.analysis.embedding_map import (
    METHODS,
    NEIGHBOURS,
    Separation,
    common_rows,
    map_panels,
    separation,
)
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.learned_state import family_members, load_state
from aclnet_plugin.analysis.output import (
    make_parser,
    run_tool,
    save_csv,
    save_figure,
    save_json,
)
from aclnet_plugin.evaluation.embeddings import (
    Embeddings,
    build_dataset,
    describe_samples,
    extract_features,
    load_model,
    read_embeddings,
)
from aclnet_plugin.models.heads import EMBEDDINGS
from aclnet_plugin.utils.arguments import number_above_0
from aclnet_plugin.visualization.embedding_plot import MAX_CLASSES, plot_maps

_NAMES = {'tsne': 't-SNE', 'umap': 'UMAP', 'pca': 'PCA'}
_UNASKED = 10  # classes shown if the command line names none


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        'inputs',
        nargs='+',
        type=Path,
        metavar='CONFIG CHECKPOINT | FILE.npz',
        help='a config and one or more checkpoints, or files of embeddings',
    )
    parser.add_argument(
        '--classes-shown',
        nargs='+',
        metavar='NAME|INDEX',
        help=f'classes to show. Defaults to the first {_UNASKED}',
    )
    parser.add_argument(
        '--family-of',
        metavar='NAME|INDEX',
        help='show a class and its Motion Family in the last checkpoint, or '
        'in that of --checkpoint',
    )
    parser.add_argument(
        '--checkpoint',
        type=Path,
        metavar='FILE',
        help='where --family-of looks up the family',
    )
    add_classes(parser, 'names of the data set, else to the class indices')
    parser.add_argument(
        '--titles',
        nargs='+',
        metavar='TEXT',
        help='one for each panel. Defaults to the names of the files',
    )
    parser.add_argument(
        '--method',
        choices=METHODS,
        default='tsne',
        help='Defaults to tsne; umap needs umap-learn',
    )
    parser.add_argument(
        '--perplexity',
        type=float,
        default=30.0,
        help='of t-SNE, or neighbours of UMAP. Defaults to 30',
    )
    parser.add_argument(
        '--embedding',
        choices=EMBEDDINGS,
        default='pooled',
        help='what to map, with a config. Defaults to pooled, the feature '
        'that is classified',
    )
    parser.add_argument(
        '--samples',
        type=number_above_0,
        default=100,
        metavar='N',
        help='at most so many samples of each class. Defaults to 100',
    )
    add_running(parser)
    add_seed(parser, 'of maps and of the choice of samples')
    add_cfg_options(parser)
    return parser.parse_args(argv)


class _Chosen:
    """Which classes are shown; asked once names and labels are known."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args

    def classes(
        self, own: Sequence[str], labels: np.ndarray
    ) -> tuple[list[int], list[str]]:
        """Indices of the classes, and names of all."""
        args = self.args
        total = max(len(own), int(labels.max(initial=-1)) + 1, 1)
        names = names_for(args.classes, list(own), total)
        if args.classes_shown and args.family_of:
            raise AnalysisError(
                'choose --classes-shown or --family-of, not both'
            )
        if args.family_of:
            shown = self._family(names)
        elif args.classes_shown:
            shown = [class_index(one, names) for one in args.classes_shown]
        else:
            shown = np.unique(labels[labels >= 0])[:_UNASKED].tolist()
        shown = list(dict.fromkeys(shown))
        if len(shown) > MAX_CLASSES:
            raise AnalysisError(
                f'{len(shown)} classes cannot be told apart; show at most '
                f'{MAX_CLASSES}'
            )
        for one in shown:
            if not (labels == one).any():
                raise AnalysisError(f'there is no sample of {names[one]}')
        return shown, names

    def _family(self, names: Sequence[str]) -> list[int]:
        path = self.args.checkpoint
        if path is None:
            path = self.args.inputs[-1]
            if path.suffix == '.npz':
                raise AnalysisError(
                    '--family-of needs a checkpoint; name one with '
                    '--checkpoint'
                )
        owner = class_index(self.args.family_of, names)
        members = family_members(load_state(path), owner)
        if not members:
            raise AnalysisError(f'{names[owner]} has no family in {path}')
        return [owner, *members]

    def places(self, labels: np.ndarray, shown: Sequence[int]) -> np.ndarray:
        """Some samples of these classes, ascending."""
        rng = np.random.default_rng(self.args.seed)
        places = []
        for one in shown:
            found = np.flatnonzero(labels == one)
            if len(found) > self.args.samples:
                found = rng.choice(found, self.args.samples, replace=False)
            places.append(found)
        return np.sort(np.concatenate(places))


def read_files(
    args: argparse.Namespace,
) -> tuple[list[Embeddings], list[int], list[str]]:
    """Embeddings of chosen samples, from files.

    Args:
        args: The command line.

    Returns:
        One for each file, with the same samples; the classes; all names.
    """
    whole = [read_embeddings(path) for path in args.inputs]
    rows = common_rows(
        [one.names for one in whole], [one.labels for one in whole]
    )
    labels = whole[0].labels[rows[0]]
    choice = _Chosen(args)
    shown, names = choice.classes(whole[0].classes, labels)
    places = choice.places(labels, shown)
    found = [
        Embeddings(
            one.features[row[places]], one.names[row[places]], labels[places]
        )
        for one, row in zip(whole, rows, strict=True)
    ]
    return found, shown, names


def run_models(
    args: argparse.Namespace,
) -> tuple[list[Embeddings], list[int], list[str]]:
    """Embeddings of chosen samples, from checkpoints.

    Args:
        args: The command line.

    Returns:
        One for each checkpoint, with the same samples; the classes; all
        names.
    """
    config, *checkpoints = args.inputs
    if not config.is_file():
        raise AnalysisError(f'there is no file {str(config)!r}')
    if not checkpoints:
        raise AnalysisError(
            f'name at least one checkpoint after the config {config}'
        )
    for path in checkpoints:
        if not path.is_file():
            raise AnalysisError(f'there is no file {str(path)!r}')
    cfg = read_config(str(config), args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    MMLogger.get_current_instance().setLevel('WARNING')
    device = chosen_device(args.device)
    dataset, loader = build_dataset(cfg, args.split)
    choice = _Chosen(args)
    with Progress(
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as bar:
        table = describe_samples(
            dataset, lambda rows: bar.track(rows, description='reading')
        )
        shown, names = choice.classes(table.classes, table.labels)
        places = choice.places(table.labels, shown)
        part = _Part(dataset, places.tolist())
        found = []
        for path in checkpoints:
            task = bar.add_task(path.name, total=len(part))
            features = extract_features(
                _load(cfg, path, args.embedding, device),
                part,
                args.embedding,
                batch_size=args.batch_size or loader.get('batch_size', 16),
                num_workers=loader.get('num_workers', 0),
                advance=lambda count, task=task: bar.advance(task, count),
            )
            labels = table.labels[places]
            found.append(Embeddings(features, table.names[places], labels))
    return found, shown, names


def _load(cfg: Any, path: Path, kind: str, device: Any) -> Any:
    try:
        return load_model(cfg, path, kind, device)
    except RuntimeError as error:
        # What torch says of files that are damaged or cut short.
        raise AnalysisError(str(error)) from error


class _Part:
    """Some samples of a data set."""

    def __init__(self, dataset: object, places: list[int]) -> None:
        self.dataset, self.places = dataset, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> object:
        return self.dataset[self.places[index]]

    def get_data_info(self, index: int) -> dict:
        """Annotation of a sample, for messages."""
        return self.dataset.get_data_info(self.places[index])


def run(args: argparse.Namespace) -> Iterator[Path]:
    """Make the maps, print and write.

    Args:
        args: The command line.

    Yields:
        The files.
    """
    if not args.perplexity > 0:
        raise AnalysisError('--perplexity has to be above 0')
    files = all(path.suffix == '.npz' for path in args.inputs)
    sources = args.inputs if files else args.inputs[1:]
    found, shown, names = (read_files if files else run_models)(args)
    titles = args.titles or [path.stem for path in sources]
    if len(titles) != len(found):
        raise AnalysisError(
            f'{len(titles)} titles for {len(found)} panels; give one for each'
        )
    labels = np.array([shown.index(one) for one in found[0].labels.tolist()])
    panels = [one.features for one in found]
    maps = map_panels(panels, args.method, args.seed, args.perplexity)
    measured = [separation(features, labels) for features in panels]
    _print(titles, measured)

    same = ', the same in each panel' * (len(maps) > 1)
    figure = plot_maps(
        maps,
        labels,
        [names[one] for one in shown],
        titles,
        [_note(one) for one in measured],
        f'{_NAMES[args.method]} of {len(shown)} classes',
        f'{len(labels)} samples{same}; seed {args.seed}',
    )
    out = args.out or sources[-1].parent / 'embedding_map'
    yield from save_figure(figure, out, 'embedding_map', args.format)
    rows = [['panel', 'sample', 'class', 'name', 'x', 'y']]
    for title, one, points in zip(titles, found, maps, strict=True):
        for sample, label, (x, y) in zip(
            one.names.tolist(), one.labels.tolist(), points, strict=True
        ):
            place = (round(float(x), 5), round(float(y), 5))
            rows.append([title, sample, label, names[label], *place])
    yield save_csv(rows, out / 'embedding_map.csv')
    content = {
        'method': args.method,
        'seed': args.seed,
        'perplexity': args.perplexity,
        'embedding': None if files else args.embedding,
        'classes': [{'class': one, 'name': names[one]} for one in shown],
        'samples': len(labels),
        'neighbours': NEIGHBOURS,
        'panels': [
            {'title': title, 'file': path.name, **one._asdict()}
            for title, path, one in zip(titles, sources, measured, strict=True)
        ],
    }
    yield save_json(content, out / 'embedding_map.json')


def _note(found: Separation) -> str:
    return (
        f'silhouette {_figure(found.silhouette)}, '
        f'{NEIGHBOURS}-NN purity {_figure(found.purity)}'
    )


def _figure(value: float | None) -> str:
    return 'unknown' if value is None else f'{value:.2f}'


def _print(titles: Sequence[str], measured: Sequence[Separation]) -> None:
    console = Console()
    if not console.is_terminal:
        for title, found in zip(titles, measured, strict=True):
            print(f'{title}: {_note(found)}')
        return
    table = Table(title='How well the classes are apart')
    table.add_column('panel')
    table.add_column('silhouette', justify='right')
    table.add_column(f'{NEIGHBOURS}-NN purity', justify='right')
    for title, found in zip(titles, measured, strict=True):
        table.add_row(Text(title), *map(_figure, found))
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    return run_tool(run, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
