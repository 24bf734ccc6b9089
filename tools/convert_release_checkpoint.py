r"""Convert a checkpoint of the official release to ours, or back.

Renames the parameters; no number changes. The result has no optimizer: it is
for testing and for load_from, not for --resume. With --config the converted
weights are held against the model of the config, entry by entry. Example::

    python tools/convert_release_checkpoint.py release.pth aclnet.pth \
        --config configs/aclnet/CONFIG.py
    python tools/convert_release_checkpoint.py epoch_150.pth release.pth \
        --reverse

Checkpoints are read as data only; one that holds anything but weights,
numbers and texts is refused.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from _common import local_file  # first: finds an uninstalled checkout
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from torch import Tensor

from aclnet_plugin import __version__
from aclnet_plugin.compat.checkpoint_files import save_checkpoint
from aclnet_plugin.compat.release_keys import (
    HEAD,
    RENAMED,
    STATE,
    Conversion,
    from_release,
    to_release,
)
from aclnet_plugin.utils.arguments import make_parser

_SHOW = 8  # of a list of keys
_ORIGIN = 'release_meta'
_CLASSIFIER = 'fc_cls.'  # as the release calls it


class ConversionError(ValueError):
    """A checkpoint that cannot be converted; the message says why."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('source', type=local_file, help='checkpoint')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument(
        '--config',
        type=local_file,
        help='config whose model the weights, in our names, have to fit',
    )
    parser.add_argument(
        '--reverse', action='store_true', help='from ours to the release'
    )
    parser.add_argument('--overwrite', action='store_true')
    parser.add_argument('--quiet', action='store_true', help='no report')
    return parser.parse_args(argv)


def load(path: str) -> tuple[dict[str, Any], dict[str, Tensor], list[str]]:
    """Read a checkpoint as data only.

    Args:
        path: File of a Runner of mmcv 1.x or MMEngine, or a state dict.

    Returns:
        Its ``meta``, its ``state_dict``, and what else it has.

    Raises:
        ConversionError: If it is none.
    """
    try:
        content = CheckpointLoader.load_checkpoint(path, 'cpu', 'silent')
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise ConversionError(str(error)) from error
    except OSError:
        raise
    except Exception as error:
        # A damaged stream can fail anywhere.
        raise ConversionError(
            f'{path} is no checkpoint, or damaged ({type(error).__name__}). '
            f'Download or copy it again.'
        ) from error
    state = content
    if isinstance(content, Mapping) and 'state_dict' in content:
        state = content['state_dict']
    fine = isinstance(state, Mapping) and state
    if not fine or not all(
        isinstance(key, str) and isinstance(value, Tensor)
        for key, value in state.items()
    ):
        raise ConversionError(
            f'{path} has no weights: expected state_dict, a dict of tensors.'
        )
    if state is content:
        return {}, dict(state), []
    meta = content.get('meta')
    others = [str(k) for k in content if k not in ('meta', 'state_dict')]
    return dict(meta) if isinstance(meta, Mapping) else {}, state, others


def convert(
    state: Mapping[str, Tensor], path: str, reverse: bool
) -> Conversion:
    """Rename, and refuse what is not a checkpoint of the expected side.

    Args:
        state: A state dict.
        path: Where it is from.
        reverse: From ours to the release.

    Raises:
        ConversionError: If the classifier has not the name it has there.
    """
    theirs = f'{HEAD}{_CLASSIFIER}weight'
    ours = f'{HEAD}{RENAMED[_CLASSIFIER]}weight'
    wanted, other, owner = theirs, ours, 'the release'
    if reverse:
        wanted, other, owner = ours, theirs, 'this package'
    keys = {key.removeprefix('module.') for key in state}
    if wanted not in keys:
        hint = f'It has {_some(sorted(state))}.'
        if other in keys:
            hint = 'Leave --reverse out.' if reverse else 'Use --reverse.'
        raise ConversionError(
            f'{path} has no {wanted}, which checkpoints of {owner} have. '
            f'{hint}'
        )
    try:
        return (to_release if reverse else from_release)(state)
    except ValueError as error:
        raise ConversionError(f'{path}: {error}.') from error


def check_fit(state: Mapping[str, Tensor], config: str) -> list[str]:
    """Hold weights against the model of a config.

    Args:
        state: In our names.
        config: Config file.

    Returns:
        Names of the state's buffers, which start afresh.

    Raises:
        ConversionError: If anything else is missing, superfluous or of
            another shape.
    """
    try:
        cfg = Config.fromfile(config)
        init_default_scope(cfg.get('default_scope', 'mmaction'))
        model = MODELS.build(cfg.model)
    except Exception as error:
        # A config is a program: anything can go wrong in it.
        raise ConversionError(
            f'the model of {config} cannot be built: '
            f'{type(error).__name__}: {error}'
        ) from error
    own = model.state_dict()
    fresh = [key for key in own if key not in state and key.startswith(STATE)]
    problems = {
        'missing': [k for k in own if k not in state and k not in fresh],
        'not in the model': [k for k in state if k not in own],
        'of another shape': [
            f'{key} {tuple(state[key].shape)} (model: {tuple(own[key].shape)})'
            for key in own
            if key in state and own[key].shape != state[key].shape
        ],
    }
    found = [f'{k}: {_some(v)}' for k, v in problems.items() if v]
    if found:
        raise ConversionError(
            f'the weights do not fit the model of {config}. '
            f'{"; ".join(found)}. Take the config of the same data set '
            f'(classes, joints, width).'
        )
    model.load_state_dict(dict(state), strict=False)
    return fresh


def meta_of(meta: Mapping[str, Any], path: str, reverse: bool) -> dict:
    """What the new checkpoint says about itself.

    Args:
        meta: What the old one says.
        path: The old one.
        reverse: From ours to the release.
    """
    if reverse:
        # What once came from the release goes back as it was.
        return dict(meta.get(_ORIGIN, meta))
    new = {
        'converted_from': Path(path).name,
        'converted_by': f'aclnet_plugin {__version__}',
        'time': time.strftime('%Y%m%d_%H%M%S'),
        _ORIGIN: dict(meta),
    }
    classes = meta.get('CLASSES')
    if isinstance(classes, (list, tuple)):
        new['dataset_meta'] = {'classes': list(classes)}
    return new


def report(
    done: Conversion, others: Sequence[str], fresh: Sequence[str] | None
) -> Iterable[str]:
    """What happened to every key, in sentences.

    Args:
        done: The conversion.
        others: What the checkpoint had besides weights and meta.
        fresh: Result of :func:`check_fit`; None without a config.
    """
    same = len(done.state) - len(done.renamed)
    yield f'{len(done.state)} entries, {same} under the same name.'
    yield f'renamed ({len(done.renamed)}):'
    for old, new in done.renamed.items():
        yield f'  {old} -> {new}'
    if done.left_out:
        yield (
            f'left out ({len(done.left_out)}), the release has no place for '
            f'them: {_some(done.left_out)}.'
        )
    if others:
        yield f'left out, as it is of no use elsewhere: {_some(others)}.'
    if done.unknown:
        yield (
            f'warning: unknown and kept ({len(done.unknown)}): '
            f'{_some(done.unknown)}.'
        )
    for name in RENAMED.values():
        if not any(_ours(key).startswith(HEAD + name) for key in done.state):
            yield f'warning: there is no {HEAD}{name}weight.'
    if fresh is not None:
        yield 'fits the model of the config.'
    if fresh:
        yield (
            f'missing ({len(fresh)}), buffers of the affinity state, which '
            f'the release does not save; they start afresh: {_some(fresh)}.'
        )


def _ours(key: str) -> str:
    for theirs, ours in RENAMED.items():
        key = key.replace(HEAD + theirs, HEAD + ours)
    return key


def _some(keys: Sequence[str]) -> str:
    rest = len(keys) - _SHOW
    text = ', '.join(keys[:_SHOW]) or 'none'
    return f'{text} and {rest} more' if rest > 0 else text


def run(args: argparse.Namespace) -> list[str]:
    """Convert; nothing is written unless all is well.

    Args:
        args: The command line.

    Returns:
        The report.
    """
    if args.out.exists() and not args.overwrite:
        raise ConversionError(f'{args.out} exists; use --overwrite.')
    if args.out.exists() and args.out.samefile(args.source):
        # Optimizer and affinity state would be gone.
        raise ConversionError(
            f'{args.out} is the checkpoint to convert; write to another name.'
        )
    meta, state, others = load(args.source)
    done = convert(state, args.source, args.reverse)
    fresh = None
    if args.config is not None:
        ours = from_release(done.state).state if args.reverse else done.state
        fresh = check_fit(ours, args.config)
        if args.reverse:
            fresh = []  # left out, not missing
    new = {
        'meta': meta_of(meta, args.source, args.reverse),
        'state_dict': OrderedDict(done.state),
    }
    save_checkpoint(new, str(args.out))
    return list(report(done, others, fresh))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        lines = run(args)
    except (ConversionError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    if not args.quiet:
        print('\n'.join(lines))
    print(f'written to {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
