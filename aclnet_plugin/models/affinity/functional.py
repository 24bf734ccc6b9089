"""Pure functions behind the learned affinity state.

Shape letters: ``B`` samples of a batch, ``K`` classes, ``D`` embedding width.
``top_k`` is the neighbour set size (the paper's K), ``overlap_threshold`` its
n_o. Nothing here keeps history; every function has a slow, obvious twin in
``tests/``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


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
    r"""Confusion counts of one batch.

    .. math:: H_{ij} = |\{p : y_p = i, \hat y_p = j\}|

    With ``mutual`` the counts of the released code: for every *wrong* sample
    with label y and prediction p, :math:`H_{yp}` grows by one and
    :math:`H_{py}` by the number of samples in the batch whose label is p;
    correct samples are not counted.

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
    if not mutual:
        return counts.index_put_(
            (labels, preds), torch.ones_like(labels), accumulate=True
        )
    wrong = (labels != preds).long()
    per_class = torch.zeros(
        num_classes, dtype=torch.int64, device=labels.device
    ).index_add_(0, labels, torch.ones_like(labels))
    counts.index_put_((labels, preds), wrong, accumulate=True)
    counts.index_put_(
        (preds, labels), wrong * per_class[preds], accumulate=True
    )
    return counts


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
    index = torch.arange(num_classes, device=counts.device)
    counts = counts.masked_fill(index[:, None] == index[None], 0)
    key = counts * num_classes + (num_classes - 1 - index)
    neighbours = key.topk(min(top_k, num_classes), dim=1).indices
    if fill:
        return neighbours, torch.ones_like(neighbours, dtype=torch.bool)
    return neighbours, counts.gather(1, neighbours) > 0


def neighbour_mask(
    neighbours: Tensor, valid: Tensor, num_classes: int
) -> Tensor:
    """Indicator ``I(i, j)`` of the neighbour sets (Eq. 4).

    Args:
        neighbours: ``(K, n)`` int64 class indices, distinct within a row.
        valid: ``(K, n)`` bool.
        num_classes: K.

    Returns:
        ``(K, K)`` bool.
    """
    mask = torch.zeros(
        num_classes, num_classes, dtype=torch.bool, device=neighbours.device
    )
    return mask.scatter_(1, neighbours, valid)


def neighbourhood_overlap(indicator: Tensor) -> Tensor:
    r"""Shared neighbours of each pair of classes (Eq. 5).

    .. math:: M(i, j) = \sum_p I(i, p) I(j, p)

    Args:
        indicator: ``(K, K)`` bool.

    Returns:
        ``(K, K)`` int64. The product runs in float32, which is exact here:
        no overlap exceeds the neighbour set size.
    """
    rows = indicator.float()
    return (rows @ rows.T).round().long()


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
    indicator, overlap, size = _neighbourhoods(counts, top_k, fill)
    if union:
        overlap = overlap * (overlap > overlap_threshold)
        overlap.fill_diagonal_(0)
    return 0.5 * indicator + overlap / size.clamp(min=1)


def build_families(
    counts: Tensor,
    top_k: int = 10,
    overlap_threshold: int = 4,
    fill: bool = False,
    union: bool = False,
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

    Returns:
        ``(K, K)`` bool, row i marks the members of W(i).
    """
    indicator, overlap, size = _neighbourhoods(counts, top_k, fill)
    if union:
        related = overlap > overlap_threshold
        related.fill_diagonal_(False)
        return indicator | related
    affinity = top_k * (size * indicator + 2 * overlap)
    related = affinity > 2 * overlap_threshold * size
    related.fill_diagonal_(False)
    return related


def _neighbourhoods(
    counts: Tensor, top_k: int, fill: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Indicator ``(K, K)``, overlap ``(K, K)`` and set sizes ``(K, 1)``."""
    neighbours, valid = nearest_confusions(counts, top_k, fill)
    indicator = neighbour_mask(neighbours, valid, counts.shape[0])
    return (
        indicator,
        neighbourhood_overlap(indicator),
        indicator.sum(1, keepdim=True),
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
    without a sample keep their value. Sums run as one matrix product, which
    unlike a scatter is reproducible on a GPU.

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
    onehot = (classes[:, None] == labels[None]).to(embed.dtype)
    onehot = onehot * weight.to(embed.dtype)
    number = onehot.sum(1)
    present = number > 0
    batch_mean = (onehot @ embed) / number.clamp(min=1)[:, None]
    mixed = momentum * mean.detach() + (1 - momentum) * batch_mean
    if warm_start:
        mixed = torch.where(seen[:, None], mixed, batch_mean)
    updated = torch.where(present[:, None], mixed, mean.detach())
    return updated, seen | present
