"""A figure without pyplot, laid out in inches."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_HEIGHT = 0.95  # inches at the top that the title and subtitle need


def new_figure(width: float, height: float) -> Figure:
    """Make a figure on an Agg canvas, without pyplot's global state."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'drawing needs matplotlib; install it with '
            "'pip install matplotlib'"
        ) from error
    figure = Figure(figsize=(width, height), dpi=150, facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, *box: float) -> Axes:
    """Add axes; ``box`` is left, bottom, width and height in inches."""
    size = figure.get_size_inches()
    return figure.add_axes(np.divide(box, [*size, *size]))


def add_title(
    figure: Figure, title: str, subtitle: str, x: float, align: str
) -> None:
    """Write title and subtitle at ``x`` inches from the left."""
    width, height = figure.get_size_inches()
    where = {'x': x / width, 'ha': align, 'va': 'top'}
    figure.text(y=1 - 0.22 / height, s=title, fontsize=13, **where)
    figure.text(
        y=1 - 0.52 / height, s=subtitle, fontsize=9, color='#555555', **where
    )


def add_foot_legend(
    figure: Figure,
    handles: Sequence[Any],
    columns: int,
    left: float = 0.12,
    **style: Any,
) -> None:
    """Explain colours at the foot of a picture, without a frame.

    Args:
        figure: The picture.
        handles: Artists with labels.
        columns: Entries beside each other.
        left: Inches from the left. Defaults to 0.12.
        **style: Further arguments of matplotlib's legend.
    """
    figure.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(left / figure.get_figwidth(), 0.0),
        ncols=columns,
        frameon=False,
        fontsize=8,
        **{'handlelength': 1.4} | style,
    )


def pale_frame(axes: Axes, shown: Container[str]) -> None:
    """Draw some sides of the frame in pale grey, others not at all.

    Args:
        axes: Whose frame.
        shown: Of left, right, top and bottom.
    """
    for side, spine in axes.spines.items():
        spine.set_color('#cccccc')
        spine.set_visible(side in shown)
