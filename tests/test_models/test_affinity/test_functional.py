"""Every vectorised function against the loop a reader would write first."""

import pytest
import torch

from aclnet_plugin.models.affinity import functional as F


def loop_count(labels, preds, k, mutual):
    counts = [[0] * k for _ in range(k)]
    for y, p in zip(labels, preds, strict=True):
        if not mutual:
            counts[y][p] += 1
        elif y != p:
            counts[y][p] += 1
            counts[p][y] += sum(1 for other in labels if other == p)
    return torch.tensor(counts)


def loop_neighbours(counts, top_k, fill):
    """Classes by falling count, the lower index first among equals."""
    result = []
    for i, row in enumerate(counts.tolist()):
        row[i] = 0
        if fill:
            candidates = range(len(row))
        else:
            candidates = [j for j, n in enumerate(row) if j != i and n > 0]
        ranked = sorted(candidates, key=lambda j: (-row[j], j))
        result.append(ranked[:top_k])
    return result


def loop_affinity(counts, top_k):
    """Eq. 5 in exact fractions (as numerator over 2 |N(i)|)."""
    neighbours = loop_neighbours(counts, top_k, fill=False)
    k = len(neighbours)
    affinity = torch.zeros(k, k)
    exact = {}
    for i in range(k):
        for j in range(k):
            indicator = 1 if j in neighbours[i] else 0
            overlap = sum(1 for p in neighbours[i] if p in neighbours[j])
            size = len(neighbours[i])
            if size:
                exact[i, j] = (size * indicator + 2 * overlap, 2 * size)
                affinity[i, j] = 0.5 * indicator + overlap / size
    return affinity, exact


def loop_families_paper(counts, top_k, threshold):
    _, exact = loop_affinity(counts, top_k)
    k = len(counts)
    member = torch.zeros(k, k, dtype=torch.bool)
    for (i, j), (numerator, denominator) in exact.items():
        # w > n_o / K without a division.
        if i != j and numerator * top_k > threshold * denominator:
            member[i, j] = True
    return member


def loop_families_release(counts, top_k, threshold):
    neighbours = loop_neighbours(counts, top_k, fill=True)
    k = len(counts)
    member = torch.zeros(k, k, dtype=torch.bool)
    for i in range(k):
        for j in range(k):
            overlap = len(set(neighbours[i]) & set(neighbours[j]))
            if j in neighbours[i] or (i != j and overlap > threshold):
                member[i, j] = True
    return member


def random_counts(kind, k, seed):
    g = torch.Generator().manual_seed(seed)
    if kind == 'dense':
        return torch.randint(0, 50, (k, k), generator=g)
    if kind == 'ties':
        return torch.randint(0, 3, (k, k), generator=g)
    if kind == 'sparse':
        keep = torch.rand(k, k, generator=g) < 0.15
        return torch.randint(0, 4, (k, k), generator=g) * keep
    counts = torch.randint(0, 9, (k, k), generator=g)
    counts[:: k // 3] = 0
    return counts


GRID = [
    (kind, k, seed)
    for kind in ('dense', 'ties', 'sparse', 'empty rows')
    for k in (4, 9, 10, 11, 40)
    for seed in (0, 1)
]


@pytest.mark.parametrize('mutual', [False, True])
@pytest.mark.parametrize('k', [2, 7])
def test_count_confusions(k, mutual):
    g = torch.Generator().manual_seed(k)
    labels = torch.randint(0, k, (40,), generator=g)
    preds = torch.randint(0, k, (40,), generator=g)
    got = F.count_confusions(labels, preds, k, mutual)
    want = loop_count(labels.tolist(), preds.tolist(), k, mutual)
    assert got.dtype == torch.int64
    assert torch.equal(got, want)


def test_mutual_counts_skip_absent_true_classes():
    """The reverse count is weighted by how often its class is a label."""
    counts = F.count_confusions(
        torch.tensor([0, 0, 1]), torch.tensor([1, 2, 1]), 3, mutual=True
    )
    assert counts.tolist() == [[0, 1, 1], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize('mutual', [False, True])
def test_counts_grow_in_place(mutual):
    counts = torch.zeros(5, 5, dtype=torch.int64)
    want = torch.zeros(5, 5, dtype=torch.int64)
    g = torch.Generator().manual_seed(0)
    for _ in range(3):
        labels = torch.randint(0, 5, (9,), generator=g)
        preds = torch.randint(0, 5, (9,), generator=g)
        assert F.add_confusions(counts, labels, preds, mutual) is counts
        want += loop_count(labels.tolist(), preds.tolist(), 5, mutual)
    assert torch.equal(counts, want)


@pytest.mark.parametrize('fill', [False, True])
@pytest.mark.parametrize(('kind', 'k', 'seed'), GRID)
def test_neighbours(kind, k, seed, fill):
    counts = random_counts(kind, k, seed)
    neighbours, valid = F.nearest_confusions(counts, 10, fill)
    got = [
        row[mask].tolist() for row, mask in zip(neighbours, valid, strict=True)
    ]
    assert got == loop_neighbours(counts, 10, fill)


@pytest.mark.parametrize('top_k', [1, 3, 10])
@pytest.mark.parametrize('threshold', [0, 2, 4, 7])
@pytest.mark.parametrize(('kind', 'k', 'seed'), GRID)
def test_families(kind, k, seed, top_k, threshold):
    counts = random_counts(kind, k, seed)
    paper = F.build_families(counts, top_k, threshold)
    assert torch.equal(paper, loop_families_paper(counts, top_k, threshold))
    release = F.build_families(counts, top_k, threshold, fill=True, union=True)
    assert torch.equal(
        release, loop_families_release(counts, top_k, threshold)
    )


@pytest.mark.parametrize(('kind', 'k', 'seed'), GRID)
def test_affinity(kind, k, seed):
    counts = random_counts(kind, k, seed)
    want, _ = loop_affinity(counts, 10)
    torch.testing.assert_close(F.class_affinity(counts), want)


@pytest.mark.parametrize('entries', [1, 40, 130, 1560])
@pytest.mark.parametrize('kind', ['dense', 'ties', 'sparse', 'empty rows'])
def test_many_classes_are_worked_on_in_parts(kind, entries, monkeypatch):
    """One row at a time, three with a rest, all but one row."""
    counts = random_counts(kind, 40, 3)
    monkeypatch.setattr(F, '_CHUNK', entries)
    member = torch.ones(40, 40, dtype=torch.bool)
    assert F.build_families(counts, out=member) is member
    assert torch.equal(member, loop_families_paper(counts, 10, 4))
    release = F.build_families(counts, fill=True, union=True)
    assert torch.equal(release, loop_families_release(counts, 10, 4))
    torch.testing.assert_close(
        F.class_affinity(counts), loop_affinity(counts, 10)[0]
    )


@pytest.mark.parametrize('fill', [False, True])
@pytest.mark.parametrize('threshold', [0, 30, 5000])
def test_limits_beyond_all_overlaps(fill, threshold):
    """Large sets and thresholds; ``fill`` without ``union``."""
    counts = random_counts('ties', 12, 1)
    got = F.build_families(counts, 300, threshold, fill=fill)
    if fill:
        # All twelve classes are neighbours of all.
        full = 300 * (12 + 24) > 2 * threshold * 12
        want = ~torch.eye(12, dtype=torch.bool) & full
    else:
        want = loop_families_paper(counts, 300, threshold)
    assert torch.equal(got, want)


def test_families_agree_for_full_rows():
    """Spec 3.3: equal for n_o < 5, but for the class itself."""
    counts = random_counts('dense', 40, 5) + 1
    counts.fill_diagonal_(0)
    paper = F.build_families(counts)
    release = F.build_families(counts, fill=True, union=True)
    assert torch.equal(paper, release)


def test_overlap_of_exactly_the_threshold_is_no_family():
    """4 shared of 10 neighbours: 0.4 > 4 / 10 must be false."""
    counts = torch.zeros(30, 30, dtype=torch.int64)
    counts[0, 2:12] = 5
    counts[1, 8:18] = 5
    member = F.build_families(counts)
    assert not member[0, 1]
    counts[1, 7] = 6
    assert F.build_families(counts)[0, 1]


def test_families_without_any_count():
    member = F.build_families(torch.zeros(5, 5, dtype=torch.int64))
    assert not member.any()


def test_temperature_steps():
    sizes = torch.tensor([0, 1, 10, 11, 20, 21, 400])
    got = F.family_temperature(sizes)
    want = torch.tensor([0.1, 0.1, 0.1, 0.5, 0.5, 1.0, 1.0])
    assert torch.equal(got, want)


def loop_prototypes(mean, seen, embed, labels, weight, momentum, warm):
    mean, seen = mean.clone(), seen.clone()
    for c in range(len(mean)):
        rows = [
            embed[p]
            for p in range(len(labels))
            if labels[p] == c and weight[p]
        ]
        if not rows:
            continue
        average = sum(rows) / len(rows)
        if warm and not seen[c]:
            mean[c] = average
        else:
            mean[c] = momentum * mean[c] + (1 - momentum) * average
        seen[c] = True
    return mean, seen


@pytest.mark.parametrize('warm', [False, True])
@pytest.mark.parametrize('seed', range(3))
def test_prototypes(seed, warm):
    g = torch.Generator().manual_seed(seed)
    mean = torch.randn(6, 4, generator=g, dtype=torch.float64)
    seen = torch.rand(6, generator=g) < 0.5
    embed = torch.randn(9, 4, generator=g, dtype=torch.float64)
    labels = torch.randint(0, 6, (9,), generator=g)
    weight = torch.rand(9, generator=g) < 0.7
    args = (mean, seen, embed, labels, weight, 0.9, warm)
    got, want = F.update_prototypes(*args), loop_prototypes(*args)
    torch.testing.assert_close(got[0], want[0])
    assert torch.equal(got[1], want[1])


def test_prototype_gradient():
    mean = torch.randn(3, 2, dtype=torch.float64)
    seen = torch.tensor([True, False, True])
    labels = torch.tensor([0, 0, 1, 2])
    weight = torch.tensor([1.0, 1.0, 1.0, 0.0])
    embed = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x: F.update_prototypes(mean, seen, x, labels, weight)[0],
        (embed,),
    )
