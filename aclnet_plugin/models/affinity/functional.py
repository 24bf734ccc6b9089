"""Pure functions behind the learned affinity state.

Shape letters: ``B`` samples of a batch, ``K`` classes, ``D`` embedding width.
``top_k`` is the neighbour set size (the paper's K), ``overlap_threshold`` its
n_o. Nothing here keeps history; every function has a slow, obvious twin in
``tests/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def unit_rows(x: Tensor, eps: float = 1e-12) -> Tensor:
    """Divide each row by its length.

    Args:
        x: ``(B, D)``.
        eps: Added to the lengths, as the release does. At float32 it changes
            nothing but all-zero rows, which stay zero.

    Returns:
        ``(B, D)``. All-zero rows have no direction and get no gradient;
        through ``eps`` alone it would be 1e12 times that of others.
    """
    length = x.norm(dim=1, keepdim=True)
    return x / (length + eps).masked_fill(length == 0, float('inf'))


def count_confusions(
    labels: Tensor,
    preds: Tensor,
    num_classes: int,
    mutual: bool = False,
) -> Tensor:
    """Confusion counts of one batch, see :func:`add_confusions`.

    Args:
        labels: ``(B,)`` int64 true classes.
        preds: ``(B,)`` int64 predicted classes.
        num_classes: K.
        mutual: ``False`` for the paper, ``True`` for the release.

    Returns:
        ``(K, K)`` int64, rows are true classes.
    """
    counts = torch.zeros(
        num_classes, num_classes, dtype=torch.int64, device=labels.device
    )
    return add_confusions(counts, labels, preds, mutual)


def add_confusions(
    counts: Tensor, labels: Tensor, preds: Tensor, mutual: bool = False
) -> Tensor:
    r"""Add the confusions of one batch, in place.

    .. math:: H_{ij} = |\{p : y_p = i, \hat y_p = j\}|

    With ``mutual`` the counts of the released code: for every *wrong* sample
    with label y and prediction p, :math:`H_{yp}` grows by one and
    :math:`H_{py}` by the number of samples in the batch whose label is p;
    correct samples are not counted.

    Args:
        counts: ``(K, K)`` int64, rows are true classes; changed in place, so
            that a step costs the batch and not the table.
        labels: ``(B,)`` int64 true classes.
        preds: ``(B,)`` int64 predicted classes.
        mutual: ``False`` for the paper, ``True`` for the release.

    Returns:
        ``counts``.
    """
    one = torch.ones_like(labels)
    if not mutual:
        return counts.index_put_((labels, preds), one, accumulate=True)
    per_class = labels.new_zeros(counts.shape[0]).index_add_(0, labels, one)
    wrong = (labels != preds).long()
    counts.index_put_((labels, preds), wrong, accumulate=True)
    return counts.index_put_(
        (preds, labels), wrong * per_class[preds], accumulate=True
    )


def nearest_confusions(
    counts: Tensor, top_k: int = 10, fill: bool = False
) -> tuple[Tensor, Tensor]:
    r"""The classes each class is mistaken for most often.

    .. math:: N_K(i) = \operatorname{top}_K \{H_{ij} : j \ne i\}

    Ties go to the lower class index, on every device: counts and index are
    packed into one integer key without duplicates, so that the outcome does
    not depend on the sorting algorithm.

    Args:
        counts: ``(K, K)`` int64 confusion counts.
        top_k: Size of the neighbour set.
        fill: ``False`` (paper): only classes with a positive count, never i
            itself. ``True`` (release): rows with fewer confusions fill up
            with zero-count classes in index order. The diagonal counts as
            zero there, so that i itself can be among them.

    Returns:
        ``(K, min(top_k, K))`` int64 neighbours by descending count, and the
        bool mask of the same shape that says which entries count.
    """
    num_classes = counts.shape[0]
    shape = (num_classes, min(top_k, num_classes))
    keys, neighbours = counts.new_empty(shape), counts.new_empty(shape)
    rank = torch.arange(num_classes - 1, -1, -1, device=counts.device)
    # One buffer for all parts: fresh pages cost more than the arithmetic.
    buffer = torch.empty_like(counts[: max(1, _CHUNK // num_classes)])
    for rows in _row_chunks(num_classes):
        part = counts[rows]
        key = buffer[: len(part)]
        torch.add(rank, part, alpha=num_classes, out=key)
        key.diagonal(rows.start).copy_(rank[rows])  # a count of zero
        keys[rows], neighbours[rows] = key.topk(shape[1], dim=1)
    return neighbours, keys >= (0 if fill else num_classes)


def neighbour_mask(
    neighbours: Tensor, valid: Tensor, num_classes: int
) -> Tensor:
    """Indicator ``I(i, j)`` of the neighbour sets (Eq. 4).

    Args:
        neighbours: ``(R, n)`` int64 class indices, distinct within a row.
        valid: ``(R, n)`` bool.
        num_classes: K.

    Returns:
        ``(R, K)`` bool.
    """
    mask = torch.zeros(
        len(neighbours),
        num_classes,
        dtype=torch.bool,
        device=neighbours.device,
    )
    return mask.scatter_(1, neighbours, valid)


def class_affinity(
    counts: Tensor,
    top_k: int = 10,
    overlap_threshold: int = 4,
    fill: bool = False,
    union: bool = False,
) -> Tensor:
    r"""Affinity between classes (Eq. 5), for reports and plots.

    .. math:: w_{ij} = \tfrac12 I(i, j) + M(i, j) / \sum_p I(i, p)

    With ``union`` the overlap term enters only where :math:`M > n_o` and
    :math:`j \ne i`, as in the release.

    Args:
        counts: ``(K, K)`` int64 confusion counts.
        top_k: Neighbour set size.
        overlap_threshold: n_o; only ``union`` looks at it.
        fill: See :func:`nearest_confusions`.
        union: See :func:`build_families`.

    Returns:
        ``(K, K)`` float32; rows of classes without neighbours are zero.
    """
    neighbours, valid = nearest_confusions(counts, top_k, fill)
    size = valid.sum(1, keepdim=True)
    affinity = torch.empty(counts.shape, device=counts.device)
    for rows, overlap in _overlaps(neighbours, valid):
        if union:
            overlap *= overlap > overlap_threshold
            overlap.diagonal(rows.start).zero_()
        indicator = neighbour_mask(neighbours[rows], valid[rows], len(counts))
        affinity[rows] = 0.5 * indicator + overlap / size[rows].clamp(min=1)
    return affinity


def build_families(
    counts: Tensor,
    top_k: int = 10,
    overlap_threshold: int = 4,
    fill: bool = False,
    union: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    r"""Motion Family of each class (Eq. 3 to 6).

    Paper: :math:`W(i) = \{j \ne i : w_{ij} > n_o / K\}`. Multiplied by
    :math:`2 K |N(i)|` this is a comparison of integers; in floating point
    4/10 against 0.4 is decided by rounding.

    Release (``fill`` and ``union``):
    :math:`W(i) = N(i) \cup \{j \ne i : M(i, j) > n_o\}`. The two agree for
    full rows and n_o < 5, but for j = i, which a zero-count tie can put into
    its own family in the release.

    Args:
        counts: ``(K, K)`` int64 confusion counts.
        top_k: Neighbour set size K.
        overlap_threshold: n_o.
        fill: See :func:`nearest_confusions`.
        union: ``False`` for the threshold on the affinity, ``True`` for the
            union of neighbours and overlapping classes.
        out: ``(K, K)`` bool to write into. Defaults to None, a new table.

    Returns:
        ``(K, K)`` bool, row i marks the members of W(i).
    """
    neighbours, valid = nearest_confusions(counts, top_k, fill)
    size = valid.sum(1, keepdim=True)
    # Members are the classes whose overlap is above a limit: ``near`` for
    # neighbours, ``far`` for others.
    if union:
        near = torch.full_like(size, -1)
        far = torch.full_like(size, overlap_threshold)
    else:
        near = (2 * overlap_threshold - top_k) * size // (2 * top_k)
        far = overlap_threshold * size // top_k
    near = torch.where(valid, near, far)
    if out is None:
        out = torch.empty_like(counts, dtype=torch.bool)
    for rows, overlap in _overlaps(neighbours, valid):
        # A class is its own member only if it is its own neighbour, and by
        # ``union`` alone.
        overlap.diagonal(rows.start).fill_(0 if union else -torch.inf)
        limit = far[rows].float().expand_as(overlap)
        limit = limit.scatter(1, neighbours[rows], near[rows].float())
        torch.gt(overlap, limit, out=out[rows])
    return out


_CHUNK = 2**20
"""Entries of a ``(K, K)`` table to work on at a time: 8 MB of int64."""


def _row_chunks(num_classes: int) -> Iterator[slice]:
    """Rows of a ``(K, K)`` table in parts, up to 1,024 classes in one."""
    step = max(1, _CHUNK // num_classes)
    for start in range(0, num_classes, step):
        yield slice(start, min(start + step, num_classes))


def _overlaps(
    neighbours: Tensor, valid: Tensor
) -> Iterator[tuple[slice, Tensor]]:
    r"""Shared neighbours of each pair of classes (Eq. 5), in parts.

    .. math:: M(i, j) = \sum_p I(i, p) I(j, p)

    Row i is the sum of those n columns of I that i has as neighbours: n
    additions for each pair, where a product of matrices takes K.

    Args:
        neighbours: ``(K, n)`` int64 class indices, distinct within a row.
        valid: ``(K, n)`` bool.

    Yields:
        R rows as a slice, and their ``(R, K)`` float32 overlaps, exact
        because they are whole numbers up to n.
    """
    num_classes = len(neighbours)
    counted = valid.float()
    columns = counted.new_zeros(num_classes, num_classes)
    classes = torch.arange(num_classes, device=valid.device)
    # Twice as fast as scatter_, which copies the table.
    columns.index_put_((neighbours, classes[:, None]), counted)
    for rows in _row_chunks(num_classes):
        yield (
            rows,
            F.embedding_bag(
                neighbours[rows],
                columns,
                mode='sum',
                per_sample_weights=counted[rows],
            ),
        )


def family_temperature(
    sizes: Tensor,
    bounds: Sequence[int] = (10, 20),
    temperatures: Sequence[float] = (0.1, 0.5, 1.0),
) -> Tensor:
    r"""Temperature by family size (Eq. 9).

    .. math:: \tau_w = 0.1, 0.5, 1.0 \text{ for }
        |W| \le K, \; K < |W| \le 2K, \; |W| > 2K

    Args:
        sizes: Integer family sizes, any shape.
        bounds: Ascending upper bounds (inclusive) of all but the last step.
        temperatures: One more than ``bounds``.

    Returns:
        float32 of the shape of ``sizes``.
    """
    # Fills with Python numbers: a look-up table would have to be copied to
    # the device in every step.
    *small, largest = temperatures
    result = torch.full_like(sizes, largest, dtype=torch.float32)
    for bound, temperature in reversed(list(zip(bounds, small, strict=True))):
        result = result.masked_fill(sizes <= bound, temperature)
    return result


def update_prototypes(
    mean: Tensor,
    seen: Tensor,
    embed: Tensor,
    labels: Tensor,
    weight: Tensor,
    momentum: float = 0.9,
    warm_start: bool = True,
) -> tuple[Tensor, Tensor]:
    r"""Exponential moving average of class means (Eq. 7).

    .. math:: m_i \leftarrow \gamma m_i + (1 - \gamma) \bar f_i

    where :math:`\bar f_i` averages the batch samples of class i. Classes
    without a sample keep their value. Written as
    :math:`m \leftarrow \operatorname{diag}(k) m + S f` with the share of
    each sample in each class, it is one matrix product, which unlike a
    scatter is reproducible on a GPU.

    Args:
        mean: ``(K, D)`` prototypes; treated as constants.
        seen: ``(K,)`` bool, which classes had a sample before.
        embed: ``(B, D)`` embeddings; gradients flow into their share.
        labels: ``(B,)`` int64.
        weight: ``(B,)`` 1 for samples that take part, 0 for others.
        momentum: :math:`\gamma`.
        warm_start: The first samples of a class become its prototype
            (paper). ``False`` mixes them with the start value (release).

    Returns:
        New prototypes ``(K, D)`` and new ``seen`` ``(K,)``.
    """
    classes = torch.arange(mean.shape[0], device=mean.device)
    taken = (classes[:, None] == labels) & weight.bool()
    number = taken.sum(1, keepdim=True).to(mean.dtype)
    present = number > 0
    first = present & ~seen[:, None] & warm_start
    one = torch.ones_like(number)
    keep = torch.where(present, momentum, one).masked_fill(first, 0)
    fresh = torch.where(first, one, 1 - momentum) / number.clamp(min=1)
    share = (taken * fresh).to(embed.dtype)
    updated = torch.addmm(keep * mean.detach(), share, embed)
    return updated, seen | present.squeeze(1)
