"""The confusion counts as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .class_order import (
    classes_of_first_pairs,
    order_by_confusion,
    sort_pairs,
)
from .confusion_table import row_shares
from .family_layout import family_blocks
from .family_marks import group_colour
from .figure import TITLE_HEIGHT, add_axes, add_title, new_figure
from .input_checks import check_counts, check_member, check_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_CLASSES = 80  # more class names cannot be read on one page


def plot_confusion(
    counts: np.ndarray,
    class_names: Sequence[str] | None = None,
    member: np.ndarray | None = None,
) -> Figure:
    """Draw the confusion counts as a heat map.

    Rows are true classes, columns predicted ones; a cell is the share of
    the true class's confusions. Classes that are confused with each other
    stand together. With ``member`` the order is that of the Motion Families:
    groups of families are in one piece and framed, in the colours of the
    family graph; classes without family come last. The diagonal is left
    out, because correct predictions would outshine everything else. Of more
    than 80 classes only those of the most frequent confusions are shown, so
    that each can be labelled; the subtitle says so.

    Args:
        counts: Confusion counts (K, K); the diagonal may be filled.
        class_names: K names. Defaults to the class indices.
        member: Family membership (K, K) of bool; row i is the family of
            class i. Defaults to None: the order of a clustering of the
            counts.

    Returns:
        A figure with its own Agg canvas; save it with ``savefig``.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If ``counts`` is not a square array of finite numbers
            >= 0, or if names or ``member`` do not fit it.
    """
    counts = check_counts(counts)
    total = len(counts)
    names = check_names(class_names, total)
    kept = np.arange(total)
    if total > _MAX_CLASSES:
        every = np.ones(counts.shape, dtype=bool)
        frequent = sort_pairs(every, counts + counts.T)
        kept = classes_of_first_pairs(frequent, _MAX_CLASSES)
    order, blocks = _arrange(counts, member, kept)
    percent = 100 * row_shares(counts)[np.ix_(order, order)]
    labels = [names[i] for i in order]
    size = len(order)

    # Inches: cells shrink with the number of classes, labels stay legible.
    cell = float(np.clip(11.0 / size, 0.155, 0.42))
    font = float(np.clip(cell * 46, 6.0, 9.0))
    side = max(size * cell, 3.2)
    margin = max(max(map(len, labels)) * font * 0.0085, 0.45) + 0.5
    figure = new_figure(margin + side + 1.2, margin + side + TITLE_HEIGHT)
    axes = add_axes(figure, margin, margin, side, side)
    _draw_cells(axes, percent)
    _frame_blocks(axes, blocks)
    _label_classes(axes, labels, font)

    bar_axes = add_axes(figure, margin + side + 0.18, margin, 0.16, side)
    bar = figure.colorbar(axes.images[0], cax=bar_axes)
    bar.set_label("share of the true class's confusions (%)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)

    subset = f'{total} classes'
    if size < total:
        subset = f'{size} of {subset}, those confused most'
    subtitle = f'{subset}; {round(counts.sum()):,} confusions counted; '
    subtitle += 'diagonal left out'
    if blocks:
        subtitle += '\nframes: groups of Motion Families'
    elif member is not None:
        subtitle += '\nno Motion Families'
    add_title(figure, 'Confusions', subtitle, margin, 'left')
    return figure


def _arrange(
    counts: np.ndarray, member: np.ndarray | None, kept: np.ndarray
) -> tuple[np.ndarray, list[int]]:
    """Order of the classes ``kept`` (S,), and the sizes of family blocks."""
    inner = counts[np.ix_(kept, kept)]
    if member is None:
        return kept[order_by_confusion(inner)], []
    member = check_member(member)
    if member.shape != counts.shape:
        raise ValueError(
            f'counts {counts.shape} and member {member.shape} must have '
            'the same shape'
        )
    blocks, rest = family_blocks(member[np.ix_(kept, kept)], inner)
    rest = rest[order_by_confusion(inner[np.ix_(rest, rest)])]
    order = np.concatenate([*blocks, rest]).astype(int)
    return kept[order], [len(block) for block in blocks]


def _frame_blocks(axes: Axes, sizes: list[int]) -> None:
    """Frame the blocks along the diagonal, which begin at the first class."""
    from matplotlib.patches import Rectangle

    start = -0.5
    for number, size in enumerate(sizes):
        frame = Rectangle(
            (start, start),
            size,
            size,
            fill=False,
            edgecolor=group_colour(number),
            linewidth=1.6,
            joinstyle='round',
            clip_on=False,
            zorder=3,
        )
        axes.add_patch(frame)
        start += size


def _draw_cells(axes: Axes, percent: np.ndarray) -> None:
    """Colour the cells (K, K), and number them if there are only a few."""
    size, peak = len(percent), float(percent.max())
    axes.set_facecolor('#dcdcd2')  # shines through the masked diagonal
    masked = np.ma.masked_array(percent, mask=np.eye(size, dtype=bool))
    axes.imshow(
        masked, cmap='BuPu', vmin=0, vmax=peak or 1, interpolation='nearest'
    )
    if size > 12:
        return
    for row, col in np.argwhere(percent > 0):
        value = percent[row, col]
        color = 'white' if value > 0.5 * peak else '#333333'
        place = {'ha': 'center', 'va': 'center', 'fontsize': 7.5}
        axes.text(col, row, f'{value:.0f}', color=color, **place)


def _label_classes(axes: Axes, labels: list[str], font: float) -> None:
    """Name rows and columns and separate them by thin lines."""
    axes.set_xlabel('predicted class', fontsize=10)
    axes.set_ylabel('true class', fontsize=10)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=font)
    axes.set_yticks(range(len(labels)), labels, fontsize=font)
    axes.set_xticks(np.arange(0.5, len(labels) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(labels) - 1), minor=True)
    axes.tick_params(which='both', length=0)
    axes.grid(which='minor', color='#e6e6e6', linewidth=0.4)
    for spine in axes.spines.values():
        spine.set_visible(False)
