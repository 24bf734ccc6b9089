"""Which curves of a training are drawn, and how."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from ..visualization.curves_plot import Line
from .errors import AnalysisError
from .training_log import Series, TrainingLog, smoothed

_KEYS = (
    *('loss_cls', 'loss_inter', 'loss_intra', 'affinity*/families'),
    *('affinity*/family_size', 'affinity*/prototype_drift'),
    *('top1_acc', 'acc*/top1'),
)
_TITLES = {
    'loss_cls': 'classification loss',
    'loss_inter': 'inter-class loss',
    'loss_intra': 'intra-class loss',
    'affinity/families': 'classes with a family',
    'affinity/family_size': 'mean size of a family',
    'affinity/prototype_drift': 'drift of the prototypes per epoch',
    'top1_acc': 'accuracy, last training batch',
    'acc/top1': 'accuracy, validation',
    'lr': 'learning rate',
}


def title_of(key: str) -> str:
    """What to write above the curve of a logged quantity.

    Args:
        key: Its name in the log.
    """
    return _TITLES.get(key, key)


def chosen_keys(
    logs: Sequence[TrainingLog], wanted: Sequence[str] | None
) -> list[str]:
    """What to draw, in the order of the panels.

    Args:
        logs: What was logged.
        wanted: Names and patterns; None for the usual ones.

    Raises:
        AnalysisError: If nothing of that was logged.
    """
    known = list(dict.fromkeys(key for log in logs for key in log.series))
    keys: list[str] = []
    for pattern in wanted or _KEYS:
        found = [key for key in known if fnmatch(key, pattern)]
        if wanted and not found:
            raise AnalysisError(
                f'nothing called {pattern!r} was logged, only '
                f'{", ".join(known)}'
            )
        keys += [key for key in found if key not in keys]
    # A training with another head has one loss under another name.
    if not keys:
        keys = [key for key in known if 'loss' in key or key == 'lr']
    if not keys:
        raise AnalysisError(
            f'no loss was logged; choose --keys among {", ".join(known)}'
        )
    return keys


def panels_of(
    logs: Sequence[TrainingLog],
    keys: Sequence[str],
    axis: str,
    window: int,
) -> dict[str, dict[str, Line]]:
    """Panels for ``visualization.curves_plot``, one for each quantity.

    Args:
        logs: Of the runs.
        keys: What to draw, see :func:`chosen_keys`.
        axis: ``'epoch'`` or ``'step'``.
        window: Running mean over so many values of single steps; 1 for none.
    """
    return {
        title_of(key): {
            log.name: _line(key, log.series[key], log, axis, window)
            for log in logs
            if key in log.series and len(log.series[key].steps)
        }
        for key in keys
    }


def _line(
    key: str, series: Series, log: TrainingLog, axis: str, window: int
) -> Line:
    x = series.steps.astype(float)
    if axis == 'epoch':
        x = x / log.steps_per_epoch
    noisy = key.startswith(('loss', 'top')) or key in ('grad_norm', 'time')
    smooth = None
    if noisy and window > 1 and len(x) > 2 * window:
        smooth = smoothed(series.values, window)
    held = key.endswith(('/families', '/family_size'))
    return Line(x, series.values, smooth, held)
