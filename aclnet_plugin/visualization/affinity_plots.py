"""Pictures of what the affinity state has learned.

Two figures and one table, made from plain arrays: :func:`plot_confusion`
draws the confusion counts, :func:`plot_family_graph` the Motion Families and
:func:`top_confusions` lists the most frequent confusions. Nothing here needs
a model, a Runner or a display.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    'Confusion',
    'plot_confusion',
    'plot_family_graph',
    'top_confusions',
]

_FAINT = '#b8b8b8'
_BETWEEN = '#8a8a8a'
_MAX_LABELS = 80  # more class names than this cannot be read on one page
_MAX_GROUP = 6  # larger connected groups are coloured by close groups
_NAME_WIDTH = 26  # characters; longer names are shortened


class Confusion(NamedTuple):
    """One entry of the confusion table.

    Attributes:
        true: Index of the true class.
        pred: Index of the class it was taken for.
        count: How often that happened.
        share: ``count`` divided by all confusions of the true class, in
            (0, 1]. Correct predictions never enter a share.
    """

    true: int
    pred: int
    count: int
    share: float


def top_confusions(counts: np.ndarray, k: int = 10) -> list[Confusion]:
    """List the most frequent confusions.

    The diagonal is ignored. Equal counts are ordered by true, then by
    predicted class.

    Args:
        counts: Confusion counts (K, K); rows are true classes.
        k: Length of the list, at least 1; shorter if fewer pairs have a
            positive count. Defaults to 10.

    Returns:
        The confusions, most frequent first.

    Raises:
        ValueError: If ``counts`` is not a square array of finite numbers
            >= 0, or ``k`` is below 1.

    Example:
        >>> top_confusions(np.array([[9, 3], [1, 9]]), k=1)
        [Confusion(true=0, pred=1, count=3, share=1.0)]
    """
    if k < 1:
        raise ValueError(f'k must be at least 1, got {k}')
    counts = _off_diagonal(_check_counts(counts))
    share = _row_shares(counts)
    order = np.argsort(-counts, axis=None, kind='stable')[:k]
    rows, cols = np.unravel_index(order, counts.shape)
    return [
        Confusion(
            int(i), int(j), round(float(counts[i, j])), float(share[i, j])
        )
        for i, j in zip(rows, cols, strict=True)
        if counts[i, j] > 0
    ]


def plot_confusion(
    counts: np.ndarray,
    class_names: Sequence[str] | None = None,
    max_classes: int | None = None,
    normalize: bool = True,
) -> Figure:
    """Draw the confusion counts as a heat map.

    Rows are true classes, columns predicted ones. Classes that are confused
    with each other stand together (hierarchical clustering of the
    symmetrised counts), so that families appear as blocks. The diagonal is
    left out, because correct predictions would outshine everything else. Up
    to 80 classes are labelled; above that the ten most frequent confusions
    are circled and listed beside the map.

    Args:
        counts: Confusion counts (K, K); the diagonal may be filled.
        class_names: K names. Defaults to the class indices.
        max_classes: Show only this many classes, those with the most
            confusions. Defaults to None, which shows all.
        normalize: Show each count as a share of all confusions of its true
            class instead of the plain number. Defaults to True.

    Returns:
        A figure with its own Agg canvas; save it with ``savefig``.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If ``counts`` is not a square array of finite numbers
            >= 0, if the number of names is not K, or if ``max_classes`` is
            below 2.
    """
    counts = _off_diagonal(_check_counts(counts))
    total = len(counts)
    names = _check_names(class_names, total)
    keep = _most_active(counts.sum(0) + counts.sum(1), max_classes)
    value = 100 * _row_shares(counts) if normalize else counts
    order = keep[_leaf_order(counts[np.ix_(keep, keep)])]
    shown = value[np.ix_(order, order)]
    size = len(order)
    labelled = size <= _MAX_LABELS

    # Inches: cells shrink with the number of classes, labels stay legible.
    cell = float(np.clip(11.0 / size, 0.155, 0.42))
    side = max(size * cell, 3.2) if labelled else 8.5
    font = float(np.clip(cell * 46, 6.0, 9.0))
    text = max(len(n) for n in names) * font * 0.0085 if labelled else 0.6
    text = max(text, 0.45)
    right = 1.2 if labelled else 4.6
    top, bottom = 0.95, text + 0.5
    width, height = text + 0.5 + side + right, top + side + bottom
    figure = _new_figure(width, height)
    axes = figure.add_axes(
        (
            (text + 0.5) / width,
            bottom / height,
            side / width,
            side / height,
        )
    )
    masked = np.ma.masked_array(shown, mask=np.eye(size, dtype=bool))
    peak = float(shown.max()) if size else 0.0
    from matplotlib import colormaps

    cmap = colormaps['BuPu'].with_extremes(bad='#dcdcd2')
    image = axes.imshow(
        masked,
        cmap=cmap,
        vmin=0,
        vmax=peak or 1.0,
        interpolation='nearest' if labelled else 'none',
    )
    _confusion_axes(axes, [names[i] for i in order], labelled, font)
    if size <= 12:
        _write_cells(axes, shown, peak, normalize)
    if not labelled:
        _list_top_pairs(axes, counts, order, names)

    bar_axes = figure.add_axes(
        (
            (text + 0.5 + side + 0.18) / width,
            bottom / height,
            0.16 / width,
            side / height,
        )
    )
    bar = figure.colorbar(image, cax=bar_axes)
    unit = (
        "share of the true class's confusions (%)"
        if normalize
        else 'confusions (count)'
    )
    bar.set_label(unit, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)

    subset = (
        f'{size} of {total} classes, those confused most'
        if size < total
        else f'{total} classes'
    )
    number = round(float(counts.sum()))
    left = (text + 0.5) / width
    figure.text(left, 1 - 0.22 / height, 'Confusions', va='top', fontsize=13)
    figure.text(
        left,
        1 - 0.52 / height,
        f'{subset}; {number:,} confusions counted; diagonal left out',
        va='top',
        fontsize=9,
        color='#555555',
    )
    return figure


def plot_family_graph(
    member: np.ndarray,
    counts: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    max_classes: int = 60,
    max_edges: int = 180,
) -> Figure:
    """Draw the Motion Families as a graph on a circle.

    Every class is a node; two classes are joined if one belongs to the
    family of the other. Classes that are connected, directly or through
    others, stand side by side and share a colour; a connected group of more
    than six classes is coloured by its close groups instead (greedy
    modularity), with grey edges between them. Classes without family are
    faint. With ``counts`` an edge is the wider, the larger the pair's part
    in the confusions of its two classes. If a limit leaves something out,
    the subtitle says so; groups follow the edges that are drawn.

    Args:
        member: Membership (K, K) of bool; row i is the family of class i.
            The diagonal is ignored.
        counts: Confusion counts (K, K) for the widths. Defaults to None.
        class_names: K names. Defaults to the class indices.
        max_classes: With more classes than this, only classes with a family
            are shown, and of these at most so many, those of the most
            frequent confusions. Defaults to 60.
        max_edges: Draw at most this many edges, the widest (without
            ``counts``: mutual ones first). Defaults to 180.

    Returns:
        A figure with its own Agg canvas; save it with ``savefig``.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If an array is not (K, K) or has impossible values, if
            the number of names is not K, or if a limit is too small.
    """
    member = _check_member(member)
    total = len(member)
    names = _check_names(class_names, total)
    if max_edges < 1:
        raise ValueError(f'max_edges must be at least 1, got {max_edges}')
    if max_classes < 2:
        raise ValueError(f'max_classes must be at least 2, got {max_classes}')
    share = both = np.zeros(member.shape)
    if counts is not None:
        counts = _check_counts(counts)
        if counts.shape != member.shape:
            raise ValueError(
                f'counts {counts.shape} and member {member.shape} must have '
                'the same shape'
            )
        counts = _off_diagonal(counts)
        share, both = _pair_shares(counts), counts + counts.T

    with_family = np.flatnonzero(member.any(1) | member.any(0))
    shown = np.arange(total)
    if total > max_classes:
        frequent = _sorted_pairs(member, both)
        shown = _classes_of_pairs(frequent, max_classes)
    pairs = _sorted_pairs(member, share)
    all_pairs = len(pairs)
    pairs = pairs[np.isin(pairs, shown).all(1)][:max_edges]
    linked = np.zeros((total, total), dtype=bool)
    linked[pairs[:, 0], pairs[:, 1]] = True
    linked |= linked.T
    # A small constant keeps family pairs without a counted confusion joined.
    strength = np.where(linked, share + 1e-3, 0)
    return _draw_circle(
        _components(strength, shown),
        pairs,
        share,
        strength,
        names,
        with_family,
        all_pairs,
    )


# ------------------------------------------------------------- input checks


def _check_counts(counts: np.ndarray) -> np.ndarray:
    """Return ``counts`` (K, K) as float64 or say what is wrong with it."""
    counts = _check_square(counts, 'counts')
    if counts.dtype.kind not in 'iufb':
        raise ValueError(f'counts must be numbers, got {counts.dtype}')
    counts = counts.astype(np.float64)
    if not np.isfinite(counts).all():
        raise ValueError('counts must be finite')
    if (counts < 0).any():
        raise ValueError('counts must not be negative')
    return counts


def _check_member(member: np.ndarray) -> np.ndarray:
    """Return ``member`` (K, K) as bool without its diagonal."""
    member = _check_square(member, 'member')
    if member.dtype != bool and not np.isin(member, (0, 1)).all():
        raise ValueError('member must hold booleans (or 0 and 1)')
    member = member.astype(bool)
    np.fill_diagonal(member, False)
    return member


def _check_square(array: np.ndarray, what: str) -> np.ndarray:
    array = np.array(array)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(
            f'{what} must be square (K, K), got shape {array.shape}'
        )
    if not len(array):
        raise ValueError(f'{what} has no classes')
    return array


def _check_names(names: Sequence[str] | None, total: int) -> list[str]:
    """Return ``total`` names, shortened to fit a label."""
    if names is None:
        return [str(i) for i in range(total)]
    if isinstance(names, str) or len(names) != total:
        raise ValueError(
            f'class_names has {len(names)} entries for {total} classes'
        )
    return [_shorten(str(name)) for name in names]


def _shorten(name: str) -> str:
    # A dollar sign would start mathematics in a matplotlib label.
    name = ' '.join(name.split()).replace('$', r'\$')
    if len(name) > _NAME_WIDTH:
        name = name[: _NAME_WIDTH - 1].rstrip() + '…'
    return name


# ----------------------------------------------------------- numbers, order


def _off_diagonal(counts: np.ndarray) -> np.ndarray:
    counts = counts.copy()
    np.fill_diagonal(counts, 0)
    return counts


def _row_shares(counts: np.ndarray) -> np.ndarray:
    """Divide each row (K,) by its sum; empty rows stay zero."""
    rows = counts.sum(1, keepdims=True)
    return np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)


def _pair_shares(counts: np.ndarray) -> np.ndarray:
    """Share (K, K) of each pair in the confusions of its two classes."""
    both = counts + counts.T
    rows = counts.sum(1)
    base = rows[:, None] + rows[None, :]
    return np.divide(both, base, out=np.zeros_like(both), where=base > 0)


def _most_active(activity: np.ndarray, limit: int | None) -> np.ndarray:
    if limit is not None and limit < 2:
        raise ValueError(f'max_classes must be at least 2, got {limit}')
    if limit is None or limit >= len(activity):
        return np.arange(len(activity))
    return np.sort(np.argsort(-activity, kind='stable')[:limit])


def _leaf_order(counts: np.ndarray) -> np.ndarray:
    """Order classes so that those confused with each other are neighbours.

    Classes without any confusion come last, by index.

    Args:
        counts: Confusion counts (K, K) with an empty diagonal.

    Returns:
        A permutation (K,).
    """
    active = counts.sum(0) + counts.sum(1) > 0
    used, idle = np.flatnonzero(active), np.flatnonzero(~active)
    if len(used) < 3:
        return np.concatenate([used, idle])
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    likeness = _pair_shares(counts[np.ix_(used, used)])
    distance = 1 - likeness / likeness.max()
    np.fill_diagonal(distance, 0)
    tree = linkage(
        squareform(distance, checks=False), 'average', optimal_ordering=True
    )
    return np.concatenate([used[leaves_list(tree)], idle])


def _sorted_pairs(member: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the joined pairs (E, 2), i < j; heavy, then mutual, first."""
    rows, cols = np.nonzero(np.triu(member | member.T, 1))
    mutual = (member & member.T)[rows, cols]
    order = np.lexsort((cols, rows, ~mutual, -weight[rows, cols]))
    return np.stack([rows, cols], 1)[order]


def _classes_of_pairs(pairs: np.ndarray, limit: int) -> np.ndarray:
    """Collect at most ``limit`` classes, walking the pairs in order."""
    chosen: dict[int, None] = {}
    for pair in pairs.tolist():
        new = [c for c in pair if c not in chosen]
        if len(chosen) + len(new) <= limit:
            chosen.update(dict.fromkeys(new))
    return np.array(sorted(chosen), dtype=int)


def _components(strength: np.ndarray, shown: np.ndarray) -> list[np.ndarray]:
    """Split ``shown`` into connected groups, largest first."""
    left = set(shown.tolist())
    groups = []
    for start in shown.tolist():
        if start not in left:
            continue
        left.discard(start)
        group, queue = [start], [start]
        while queue:
            near = np.flatnonzero(strength[queue.pop()]).tolist()
            fresh = [c for c in near if c in left]
            left.difference_update(fresh)
            group += fresh
            queue += fresh
        groups.append(np.array(sorted(group)))
    return sorted(groups, key=lambda g: (-len(g), g.min()))


def _close_groups(strength: np.ndarray) -> list[np.ndarray]:
    """Split one connected graph into close groups by greedy modularity.

    Starting from single classes, the two groups whose union raises the
    modularity most are merged until no union raises it.

    Args:
        strength: Symmetric edge weights (K, K), zero diagonal.

    Returns:
        Index arrays that partition ``range(K)``.
    """
    part = strength / strength.sum()
    groups = [[i] for i in range(len(part))]
    while len(groups) > 1:
        degree = part.sum(1)
        gain = 2 * (part - np.outer(degree, degree))
        gain[part == 0] = -1
        np.fill_diagonal(gain, -1)
        i, j = sorted(np.unravel_index(gain.argmax(), gain.shape))
        if gain[i, j] <= 0:
            break
        part[i] += part[j]
        part[:, i] += part[:, j]
        part = np.delete(np.delete(part, j, 0), j, 1)
        groups[i] += groups.pop(j)
    return [np.array(g) for g in groups]


def _arrange(group: np.ndarray, strength: np.ndarray) -> list[np.ndarray]:
    """Order the classes of a connected group, split if it is a large one."""
    inner = strength[np.ix_(group, group)]
    if len(group) <= _MAX_GROUP:
        return [group[_leaf_order(inner)]]
    parts = _close_groups(inner)
    between = np.array(
        [[inner[np.ix_(a, b)].sum() for b in parts] for a in parts]
    )
    np.fill_diagonal(between, 0)
    return [
        group[p[_leaf_order(inner[np.ix_(p, p)])]]
        for p in (parts[i] for i in _leaf_order(between))
    ]


# ------------------------------------------------------------------ drawing


def _new_figure(width: float, height: float) -> Figure:
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


def _confusion_axes(
    axes: Axes, names: list[str], labelled: bool, font: float
) -> None:
    size = len(names)
    axes.set_xlabel('predicted class', fontsize=10)
    axes.set_ylabel('true class', fontsize=10)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if not labelled:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.set_xticks(range(size), names, rotation=90, fontsize=font)
    axes.set_yticks(range(size), names, fontsize=font)
    axes.set_xticks(np.arange(0.5, size - 1), minor=True)
    axes.set_yticks(np.arange(0.5, size - 1), minor=True)
    axes.tick_params(which='minor', length=0)
    axes.grid(which='minor', color='#e6e6e6', linewidth=0.4)


def _write_cells(
    axes: Axes, shown: np.ndarray, peak: float, normalize: bool
) -> None:
    """Write the number into each cell of a small map."""
    for (row, col), value in np.ndenumerate(shown):
        if value <= 0:
            continue
        text = f'{value:.0f}' if normalize else _short_number(value)
        axes.text(
            col,
            row,
            text,
            ha='center',
            va='center',
            fontsize=7.5,
            color='white' if value > 0.5 * peak else '#333333',
        )


def _short_number(value: float) -> str:
    for bound, unit in ((1e6, 'M'), (1e4, 'k')):
        if value >= bound:
            return f'{value / (1e3 if unit == "k" else bound):.0f}{unit}'
    return f'{value:g}'


def _list_top_pairs(
    axes: Axes, counts: np.ndarray, order: np.ndarray, names: list[str]
) -> None:
    """Circle the ten most frequent confusions and list them on the right."""
    place = {int(c): p for p, c in enumerate(order)}
    part = np.zeros_like(counts)
    cells = np.ix_(order, order)
    part[cells] = counts[cells]
    lines = ['Most frequent confusions', '(true → predicted, count)', '']
    for rank, pair in enumerate(top_confusions(part, 10), 1):
        x, y = place[pair.pred], place[pair.true]
        axes.plot(
            x, y, 'o', ms=9, mfc='none', mec='#1f77b4', mew=1.0, zorder=3
        )
        axes.annotate(
            str(rank),
            (x, y),
            xytext=(5, 4) if rank % 2 else (-11, -9),
            textcoords='offset points',
            fontsize=7,
            color='#1f77b4',
        )
        line = f'{names[pair.true]} → {names[pair.pred]}, {pair.count:,}'
        head = f'{rank:2d}  '
        lines += textwrap.wrap(
            line, 42, initial_indent=head, subsequent_indent='      '
        )
    axes.annotate(
        '\n'.join(lines),
        (1, 1),
        xycoords='axes fraction',
        xytext=(82, 0),
        textcoords='offset points',
        va='top',
        fontsize=8,
        linespacing=1.4,
        annotation_clip=False,
    )


def _draw_circle(
    groups: list[np.ndarray],
    pairs: np.ndarray,
    share: np.ndarray,
    strength: np.ndarray,
    names: list[str],
    with_family: np.ndarray,
    all_pairs: int,
) -> Figure:
    known = set(with_family.tolist())
    single = [g for g in groups if len(g) == 1]
    real = [g for g in groups if len(g) > 1]
    arcs = [arc for g in real for arc in _arrange(g, strength)]
    colour = _colours(arcs, single, known)
    angle = _angles([*arcs, np.concatenate(single)] if single else arcs)
    shown = len(angle)
    font = float(np.clip(420 / max(shown, 1), 6.5, 9.5))
    longest = max((len(names[c]) for c in angle), default=1)
    radius = max(2.4, shown * font * 1.45 / 72 / (2 * np.pi))
    margin = longest * font * 0.0083 + 0.35
    width = 2 * (radius + margin)
    top, bottom = 0.85, 0.6
    figure = _new_figure(width, width + top + bottom)
    height = width + top + bottom
    axes = figure.add_axes((0, bottom / height, 1, width / height))
    span = (radius + margin) / radius
    axes.set_xlim(-span, span)
    axes.set_ylim(-span, span)
    axes.set_aspect('equal')
    axes.axis('off')

    widths = _draw_edges(axes, pairs, share, angle, colour)
    for cls, theta in angle.items():
        x, y = np.cos(theta), np.sin(theta)
        faint = cls not in known
        axes.plot(
            x,
            y,
            'o',
            ms=4 if faint else 6.5,
            color=colour[cls],
            mec='white',
            mew=0.6,
            zorder=3,
        )
        flip = x < -1e-9
        axes.text(
            x * (1 + 0.13 / radius),
            y * (1 + 0.13 / radius),
            names[cls],
            rotation=np.degrees(theta) + (180 if flip else 0),
            rotation_mode='anchor',
            ha='right' if flip else 'left',
            va='center',
            fontsize=font,
            color='#9a9a9a' if faint else '#222222',
        )
    classes = f'{len(known)} of {len(names)} classes are part of a family'
    if shown < len(names):
        classes += f'; shown: {shown}, those confused most'
    edges = _plural(len(pairs), 'edge')
    if len(pairs) < all_pairs:
        edges = f'{len(pairs)} of {all_pairs} edges drawn'
    edges += f', {_plural(len(real), "connected group")}'
    if len(arcs) > len(real):
        edges += f', {_plural(len(arcs), "close group")} (colours)'
    _title(figure, height, 'Motion Families', f'{classes}\n{edges}')
    _graph_legend(axes, widths, faint=any(c not in known for c in angle))
    return figure


def _plural(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'


def _colours(
    arcs: list[np.ndarray], single: list[np.ndarray], known: set[int]
) -> dict[int, object]:
    """Give each class the colour of its arc on the circle."""
    from matplotlib import colormaps

    palette = [colormaps['tab10'](i) for i in (0, 1, 2, 3, 4, 5, 6, 8, 9)]
    colour: dict[int, object] = {}
    for number, arc in enumerate(arcs):
        for cls in arc.tolist():
            colour[cls] = palette[number % len(palette)]
    for group in single:
        cls = int(group[0])
        colour[cls] = _BETWEEN if cls in known else _FAINT
    return colour


def _angles(arcs: list[np.ndarray]) -> dict[int, float]:
    """Place classes clockwise from the top, with a gap between arcs."""
    gap = 0.6 if len(arcs) > 1 else 0.0
    slots = sum(len(a) + gap for a in arcs)
    angle: dict[int, float] = {}
    position = 0.0
    for arc in arcs:
        for cls in arc.tolist():
            angle[cls] = np.pi / 2 - 2 * np.pi * position / slots
            position += 1
        position += gap
    return angle


def _draw_edges(
    axes: Axes,
    pairs: np.ndarray,
    share: np.ndarray,
    angle: dict[int, float],
    colour: dict[int, object],
) -> list[tuple[float, float]]:
    """Draw the edges; return (share, width) examples for the legend."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    weight = share[pairs[:, 0], pairs[:, 1]]
    peak = float(weight.max()) if len(weight) else 0.0

    def width(value: float) -> float:
        return 0.5 + 4.5 * value / peak if peak else 1.0

    # Weak edges first, so that strong ones lie on top.
    for (i, j), value in zip(
        pairs[::-1].tolist(), weight[::-1].tolist(), strict=True
    ):
        start = np.array([np.cos(angle[i]), np.sin(angle[i])])
        end = np.array([np.cos(angle[j]), np.sin(angle[j])])
        apart = np.linalg.norm(start - end) / 2
        pull = (start + end) / 2 * (1 - 0.75 * apart**0.5)
        axes.add_patch(
            PathPatch(
                Path(
                    [start, pull, end],
                    [Path.MOVETO, Path.CURVE3, Path.CURVE3],
                ),
                facecolor='none',
                edgecolor=colour[i] if colour[i] == colour[j] else _BETWEEN,
                linewidth=width(value),
                alpha=0.25 + 0.6 * (value / peak if peak else 0.5),
                capstyle='round',
                zorder=1,
            )
        )
    if not peak:
        return []
    examples = sorted({_nice(peak * part) for part in (0.25, 0.5, 1.0)})
    return [(value, width(value)) for value in examples]


def _nice(value: float) -> float:
    """Round to one significant digit."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(round(value / power) * power)


def _title(figure: Figure, height: float, title: str, subtitle: str) -> None:
    for text, offset, size, color in (
        (title, 0.2, 13, 'black'),
        (subtitle, 0.5, 9, '#555555'),
    ):
        figure.text(
            0.5,
            1 - offset / height,
            text,
            ha='center',
            va='top',
            fontsize=size,
            color=color,
        )


def _graph_legend(
    axes: Axes, widths: list[tuple[float, float]], faint: bool
) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color='#777777', lw=lw, label=f'{100 * value:g} %')
        for value, lw in widths
    ]
    if faint:
        handles.append(
            Line2D([], [], ls='', marker='o', color=_FAINT, label='no family')
        )
    if not handles:
        return
    legend = axes.legend(
        handles=handles,
        title="width: pair's share of its two classes' confusions"
        if widths
        else None,
        loc='upper center',
        bbox_to_anchor=(0.5, 0.02),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )
    legend.set_in_layout(False)
