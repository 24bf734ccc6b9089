"""What the command lines of the benchmarks share."""

from __future__ import annotations

import argparse
import math

import torch

from aclnet_plugin.utils.arguments import whole_from

AMP = {'none': None, 'bf16': torch.bfloat16, 'fp16': torch.float16}
"""Mixed precision by name."""

positive = whole_from(1)
"""Sizes and numbers of steps."""

width = whole_from(8)
"""Base channels: fewer leave the graph branches of the backbone none."""


def positive_number(text: str) -> float:
    """A number above 0, not infinite."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'{text!r} is no number above 0')
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text!r} is no share from 0 to 1')
    return value


def positive_share(text: str) -> float:
    """A number above 0, up to 1."""
    value = _number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no share above 0, up to 1'
        )
    return value


def _number(text: str) -> float:
    """NaN for what is none, so that every range refuses it."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def add_model_flags(
    parser: argparse.ArgumentParser, one_person: float
) -> None:
    """Add what decides how the full model runs.

    Args:
        parser: The parser.
        one_person: Default of ``--one-person``.
    """
    parser.add_argument('--frames', type=positive, default=100)
    parser.add_argument('--base-channels', type=width, default=96)
    parser.add_argument(
        '--one-person',
        type=share,
        default=one_person,
        help='share of the samples with one person (default: %(default)s)',
    )
    parser.add_argument('--threads', type=positive, help='default: all cores')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--amp', choices=AMP, default='none')
    parser.add_argument('--tf32', action='store_true')
    parser.add_argument('--compile', action='store_true')


def set_up_torch(args: argparse.Namespace) -> None:
    """Apply ``--threads`` and ``--tf32``.

    Args:
        args: The command line.
    """
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = args.tf32
    torch.backends.cudnn.allow_tf32 = args.tf32
