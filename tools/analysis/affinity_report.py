"""Show what the affinity state in a checkpoint has learned.

Prints the training epoch, the most frequent confusions and the Motion
Families as tables and saves two pictures, ``confusion.png`` and
``families.png``. Needs neither data set nor config::

    python tools/analysis/affinity_report.py work_dirs/x/epoch_40.pth \
        --classes names.txt --out-dir work_dirs/x/affinity
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

try:
    import aclnet_plugin  # before torch.load: allow-lists what mmengine saves
except ModuleNotFoundError as error:
    if error.name != 'aclnet_plugin':
        raise
    # Started from a checkout that is not installed.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import aclnet_plugin  # noqa: F401

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aclnet_plugin.utils.safe_pickle import safe_load
from aclnet_plugin.visualization import (
    plot_confusion,
    plot_family_graph,
    top_confusions,
)

_MAX_FAMILY_ROWS = 60
_MAX_MEMBERS = 8  # of a family, in the table; --dump-json has all


class ReportError(Exception):
    """Something the user can put right; the message says how."""


class LearnedState(NamedTuple):
    """The affinity buffers of one checkpoint.

    Attributes:
        counts: Confusion counts ``(K, K)`` int64, rows are true classes.
        member: Family membership ``(K, K)`` bool, row i is i's family.
        epoch: Training epoch (1-based) finished last, 0 before the first;
            None if the checkpoint does not tell.
        seen: Classes that have a prototype; None if unknown.
        names: Class names the checkpoint itself carries, else None.
        prefix: Where in the model the state was found.
        others: Prefixes of further states, which are not reported.
    """

    counts: np.ndarray
    member: np.ndarray
    epoch: int | None
    seen: int | None
    names: list[str] | None
    prefix: str
    others: list[str]


def load_state(path: Path) -> LearnedState:
    """Read the affinity buffers from a checkpoint.

    Args:
        path: File written by the Runner, or a bare ``state_dict``.

    Raises:
        ReportError: If there is no such file, if it is no checkpoint, or if
            the checkpoint holds no usable affinity state.
    """
    if not path.is_file():
        raise ReportError(
            f'there is no file {str(path)!r}. Checkpoints lie in the work '
            'folder of a training, for example work_dirs/NAME/epoch_40.pth'
        )
    try:
        saved = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        # One sentence says what was refused, the rest how to disable it.
        found = re.search(r'WeightsUnpickler error:\s*(.+)', str(error))
        detail = found[1] if found else 'unknown format'
        raise ReportError(
            f'{str(path)!r} is not a checkpoint, or holds objects that are '
            f'not loaded for safety: {detail}'
        ) from error
    except (RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        raise ReportError(
            f'{str(path)!r} is not a checkpoint or is damaged '
            f'({type(error).__name__})'
        ) from error
    state = saved.get('state_dict', saved) if isinstance(saved, dict) else None
    if not isinstance(state, dict) or not any(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise ReportError(f'{str(path)!r} is not a checkpoint: no weights')
    meta = saved.get('meta')
    return _pick_state(state, meta if isinstance(meta, dict) else {}, path)


def _pick_state(
    state: dict[str, Any], meta: dict[str, Any], path: Path
) -> LearnedState:
    tail = 'affinity.confusion.counts'
    found = [
        key[: -len('confusion.counts')]
        for key in state
        if key == tail or key.endswith(f'.{tail}')
    ]
    if not found:
        raise ReportError(
            f'{str(path)!r} holds no affinity state (no key ends in '
            f'{tail!r}). It was trained with another head, converted from '
            'the official release, or stripped of its buffers'
        )
    prefix, *others = sorted(found, key=len)
    counts = state[f'{prefix}confusion.counts']
    member = state.get(f'{prefix}families.member')
    if (
        not isinstance(counts, torch.Tensor)
        or not isinstance(member, torch.Tensor)
        or counts.ndim != 2
        or counts.shape[0] != counts.shape[1]
        or member.shape != counts.shape
    ):
        raise ReportError(
            f'the affinity state in {str(path)!r} is incomplete: '
            f'{prefix}confusion.counts and {prefix}families.member have to '
            'be square and of equal size'
        )
    epoch = state.get(f'{prefix}epoch')
    seen = state.get(f'{prefix}prototypes.seen')
    dataset = meta.get('dataset_meta')
    names = dataset.get('classes') if isinstance(dataset, dict) else None
    usable = isinstance(names, (list, tuple)) and len(names) == len(counts)
    return LearnedState(
        counts.numpy(),
        member.numpy().astype(bool),
        None if epoch is None else int(epoch),
        None if seen is None else int((seen > 0).sum()),
        [str(name) for name in names] if usable else None,
        prefix.rstrip('.'),
        [other.rstrip('.') for other in others],
    )


def load_names(path: Path, total: int) -> list[str]:
    """Read class names.

    Args:
        path: A text file with one name a line, or an annotation pickle with
            a list under ``classes``.
        total: How many names the checkpoint needs.

    Raises:
        ReportError: If the file is missing or unreadable, has no names, or
            another number of them.
    """
    if not path.is_file():
        raise ReportError(f'there is no file {str(path)!r} for --classes')
    if path.suffix in ('.pkl', '.pickle'):
        try:
            content = safe_load(path)
        except pickle.UnpicklingError as error:
            raise ReportError(str(error)) from error
        names = content.get('classes') if isinstance(content, dict) else None
        if not isinstance(names, (list, tuple)):
            raise ReportError(
                f"{str(path)!r} has no list of names under 'classes'; give "
                'a text file with one name a line instead'
            )
        names = [str(name) for name in names]
    else:
        try:
            lines = path.read_text(encoding='utf-8-sig').splitlines()
        except UnicodeDecodeError as error:
            raise ReportError(f'{str(path)!r} is not UTF-8 text') from error
        names = [line.strip() for line in lines if line.strip()]
    if len(names) != total:
        raise ReportError(
            f'{str(path)!r} has {len(names)} class names, the checkpoint '
            f'has {total} classes'
        )
    return names


def load_metrics(path: Path) -> dict[str, float]:
    """Read the metrics of a test run.

    Args:
        path: The JSON file a test run writes, or a folder, of which the
            newest such file is taken.

    Raises:
        ReportError: If there is no such file or no metric in it.
    """
    if path.is_dir():
        files = sorted(
            path.rglob('*.json'),
            key=lambda file: file.stat().st_mtime,
            reverse=True,
        )
    elif path.is_file():
        files = [path]
    else:
        raise ReportError(f'there is no {str(path)!r} for --result')
    for file in files:
        try:
            content = json.loads(file.read_text(encoding='utf-8'))
        except (json.JSONDecodeError, UnicodeDecodeError):
            continue  # training logs have one object a line
        if not isinstance(content, dict):
            continue
        metrics = {
            key: float(value)
            for key, value in content.items()
            if '/' in key and isinstance(value, (int, float))
        }
        if metrics:
            return metrics
    raise ReportError(f'{str(path)!r} holds no metrics of a test run')


def print_report(
    console: Console,
    state: LearnedState,
    names: Sequence[str],
    top: int,
    metrics: dict[str, float],
) -> None:
    """Print everything that fits into tables.

    Args:
        console: Where to print.
        state: What the checkpoint holds.
        names: K class names.
        top: How many confusions to list.
        metrics: Metrics of a test run, possibly empty.
    """
    total = len(names)
    sizes = state.member.sum(1)
    sizes = sizes[sizes > 0]
    summary = Table(title='Affinity state', show_header=False, min_width=44)
    summary.add_column(style='bold')
    summary.add_column(justify='right')
    summary.add_row('training epoch', _or_unknown(state.epoch))
    summary.add_row('classes', str(total))
    seen = None if state.seen is None else f'{state.seen} of {total}'
    summary.add_row('classes with a prototype', _or_unknown(seen))
    summary.add_row('confusions counted', f'{_confused(state.counts):,}')
    summary.add_row('classes with a family', f'{len(sizes)} of {total}')
    if len(sizes):
        summary.add_row(
            'family size, mean (min to max)',
            f'{sizes.mean():.1f} ({sizes.min()} to {sizes.max()})',
        )
    for key, value in metrics.items():
        summary.add_row(f'test {key}', f'{value:.4f}')
    console.print(summary)
    if state.others:
        console.print(
            f'Shown is {state.prefix}; the checkpoint also has: '
            + ', '.join(state.others),
            markup=False,
        )
    if _confused(state.counts):
        _print_confusions(console, state.counts, names, top)
    else:
        console.print(
            'No confusions yet: counting had not begun at this epoch, or no '
            'sample was misclassified since. See count_begin of '
            'ConfusionStatisticsHook in the config.',
            markup=False,
        )
    if len(sizes):
        _print_families(console, state, names)
    else:
        console.print(
            'No Motion Families yet: they are built in the first epoch with '
            'the inter-class loss (begin of ConfusionStatisticsHook).',
            markup=False,
        )


def _print_confusions(
    console: Console, counts: np.ndarray, names: Sequence[str], top: int
) -> None:
    table = Table(title='Most frequent confusions')
    table.add_column('true class')
    table.add_column('taken for')
    table.add_column('count', justify='right')
    table.add_column('share of its confusions', justify='right')
    for pair in top_confusions(counts, top):
        table.add_row(
            Text(names[pair.true]),
            Text(names[pair.pred]),
            f'{pair.count:,}',
            f'{pair.share:.0%}',
        )
    console.print(table)


def _print_families(
    console: Console, state: LearnedState, names: Sequence[str]
) -> None:
    table = Table(title='Motion Families', show_lines=False)
    table.add_column('class')
    table.add_column('size', justify='right')
    table.add_column('family, most confused first', overflow='fold')
    owners = np.flatnonzero(state.member.any(1)).tolist()
    for owner in owners[:_MAX_FAMILY_ROWS]:
        family = _family(state, owner)
        table.add_row(
            Text(names[owner]),
            str(len(family)),
            Text('; '.join(names[i] for i in family[:_MAX_MEMBERS]))
            + ('' if len(family) <= _MAX_MEMBERS else '; ...'),
        )
    console.print(table)
    rest = len(owners) - _MAX_FAMILY_ROWS
    if rest > 0:
        console.print(f'... and {rest} more; --dump-json writes all of them.')


def _family(state: LearnedState, owner: int) -> list[int]:
    """Return the members of one family, most confused first."""
    members = np.flatnonzero(state.member[owner])
    both = state.counts[owner] + state.counts[:, owner]
    order = np.argsort(-both[members], kind='stable')
    return members[order].tolist()


def _confused(counts: np.ndarray) -> int:
    return int(counts.sum() - np.trace(counts))


def _or_unknown(value: object) -> str:
    return 'unknown' if value is None else str(value)


def save_figures(
    state: LearnedState, names: Sequence[str], out_dir: Path
) -> list[Path]:
    """Save the pictures there is something to show in.

    Args:
        state: What the checkpoint holds.
        names: K class names.
        out_dir: Target folder; created if needed.

    Returns:
        The files written.
    """
    written = []
    if _confused(state.counts):
        figure = plot_confusion(state.counts, names)
        written.append(_save(figure, out_dir / 'confusion.png'))
    if state.member.any():
        figure = plot_family_graph(state.member, state.counts, names)
        written.append(_save(figure, out_dir / 'families.png'))
    return written


def _save(figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


def save_json(
    state: LearnedState,
    names: Sequence[str],
    top: int,
    metrics: dict[str, float],
    path: Path,
) -> Path:
    """Write the whole report as JSON; families and confusions by index."""
    content = {
        'epoch': state.epoch,
        'classes': list(names),
        'confusions_counted': _confused(state.counts),
        'top_confusions': [
            pair._asdict() for pair in top_confusions(state.counts, top)
        ],
        'families': {
            str(owner): _family(state, owner)
            for owner in np.flatnonzero(state.member.any(1)).tolist()
        },
        'metrics': metrics,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + '\n', encoding='utf-8')
    return path


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Show confusions and Motion Families of a checkpoint.'
    )
    parser.add_argument('checkpoint', type=Path, help='checkpoint file')
    parser.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='class names: a text file with one name a line, or an '
        "annotation pickle with a list under 'classes'. Defaults to the "
        'names in the checkpoint, else to the class indices',
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        metavar='DIR',
        help='folder for the pictures. Defaults to "affinity" beside the '
        'checkpoint',
    )
    parser.add_argument(
        '--top',
        type=_positive,
        default=10,
        metavar='N',
        help='how many confusions to list. Defaults to 10',
    )
    parser.add_argument(
        '--result',
        type=Path,
        metavar='PATH',
        help='JSON file of a test run, or the work folder of one: its '
        'metrics are printed too',
    )
    parser.add_argument(
        '--dump-json',
        action='store_true',
        help='also write report.json to the output folder',
    )
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_positive.__name__ = 'number above 0'  # argparse quotes it in its message


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    try:
        state = load_state(args.checkpoint)
        total = len(state.counts)
        if args.classes is not None:
            names = load_names(args.classes, total)
        else:
            names = state.names or [f'class {i}' for i in range(total)]
        metrics = load_metrics(args.result) if args.result else {}
        out_dir = args.out_dir or args.checkpoint.parent / 'affinity'
        console = Console()
        print_report(console, state, names, args.top, metrics)
        written = []
        if args.dump_json:
            target = out_dir / 'report.json'
            written.append(save_json(state, names, args.top, metrics, target))
        written += save_figures(state, names, out_dir)
    except (ReportError, ImportError, OSError) as error:
        sys.exit(f'affinity_report: {error}')
    for path in written:
        # Not through rich, which would break a long path into lines.
        print(f'wrote {path}')


if __name__ == '__main__':
    main()
