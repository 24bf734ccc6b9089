"""A figure without pyplot, laid out in inches."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
