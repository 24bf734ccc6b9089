"""Flags that several command line tools have, each described once."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mmengine.config import DictAction

from aclnet_plugin.utils.arguments import number_above_0, whole_from


def add_cfg_options(
    parser: argparse.ArgumentParser,
    replaced: str = 'those of the config',
    example: str = '',
) -> None:
    """``--cfg-options``.

    Args:
        parser: Gets the flag.
        replaced: What the entries replace.
        example: One of them.
    """
    text = f'entries that replace {replaced}'
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help=f'{text}, for example {example}' if example else text,
    )


def add_classes(
    parser: argparse.ArgumentParser,
    default: str = 'names in the checkpoint, else to the class indices',
) -> None:
    """``--classes``, to be read with ``analysis.class_names``.

    Args:
        parser: Gets the flag.
        default: What there is without it.
    """
    parser.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='class names: a text file with one name a line, an annotation '
        "pickle with a list under 'classes', or a store. Defaults to the "
        f'{default}',
    )


def add_seed(parser: argparse.ArgumentParser, drawn: str = '') -> None:
    """``--seed``, 0 by default.

    Args:
        parser: Gets the flag.
        drawn: What is drawn with it.
    """
    parser.add_argument(
        '--seed',
        type=whole_from(0),
        default=0,
        help=f'{drawn}. Defaults to 0' if drawn else 'Defaults to 0',
    )


def add_intervals(parser: argparse.ArgumentParser, over: str = '') -> None:
    """``--resamples`` and ``--level``, of a bootstrap.

    Args:
        parser: Gets the flags.
        over: What is drawn, and how, for the help.
    """
    parser.add_argument(
        '--resamples',
        type=number_above_0,
        default=10_000,
        metavar='N',
        help=f'bootstrap samples{over}. Defaults to 10000',
    )
    parser.add_argument(
        '--level',
        type=float,
        default=0.95,
        metavar='SHARE',
        help='of the intervals. Defaults to 0.95',
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """``--device``, for :func:`chosen_device`."""
    parser.add_argument(
        '--device',
        default='auto',
        help='cpu, cuda, cuda:1, ... Defaults to auto: cuda if there is one',
    )


def add_running(parser: argparse.ArgumentParser) -> None:
    """What a tool asks that runs a model on data of a config."""
    parser.add_argument(
        '--split',
        metavar='NAME',
        help='split of the annotation file, such as xsub_train. Defaults to '
        'what the test_dataloader of the config says',
    )
    parser.add_argument(
        '--batch-size',
        type=number_above_0,
        metavar='N',
        help='samples at once. Defaults to what the config says',
    )
    add_device(parser)


def chosen_device(name: str) -> torch.device:
    """A device that is there.

    Args:
        name: As torch names it, or ``'auto'``.

    Raises:
        ValueError: If there is none of this name.
    """
    if name == 'auto':
        name = 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition('\n')[0]
        raise ValueError(
            f'--device {name} cannot be used here ({reason}); leave it out, '
            f'or give cpu.'
        ) from error
    return device
