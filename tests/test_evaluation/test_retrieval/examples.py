"""Small retrievals with given distances, and slow ways to score them."""

import numpy as np

from aclnet_plugin.evaluation.retrieval import Items, ranking

E1 = np.array(
    [
        [1, 4, 6, 2, 5, 3],
        [3, 1, 2, 5, 2, 4],
        [5, 6, 1, 4, 7, 2],
        [6, 5, 4, 1, 3, 3],
        [2, 4, 3, 3, 1, 6],
        [7, 3, 5, 8, 4, 1],
    ],
    float,
)
"""Probes by gallery: a at views 0, 90 and 180, then b."""


def given_distances(monkeypatch, table):
    """Let embeddings be places in a table of distances."""

    def looked_up(probes, gallery):
        rows, columns = probes[:, 0].astype(int), gallery[:, 0].astype(int)
        return table[rows[:, None], columns]

    monkeypatch.setattr(ranking, 'rankable_distance', looked_up)


def e1_items(monkeypatch):
    """The six galleries, then the six NM probes, of E1."""
    table = np.zeros((12, 12))
    table[6:, :6] = E1
    given_distances(monkeypatch, table)
    return Items(
        np.arange(12.0)[:, None],
        dict(
            subject=[1, 1, 1, 2, 2, 2] * 2,
            condition=['nm'] * 12,
            seq=[1] * 6 + [5] * 6,
            view=[0, 90, 180] * 4,
        ),
    )


def slow_ranking(distance, match, candidate):
    """Relevance of the candidates of one probe, in their order."""
    places = [g for g in range(len(distance)) if candidate[g]]
    places.sort(key=lambda g: (distance[g], g))
    return [bool(match[g]) for g in places]


def slow_rank(relevant):
    return relevant.index(True) if True in relevant else -1


def slow_average_precision(relevant):
    hits, total = 0, 0.0
    for place, one in enumerate(relevant, 1):
        if one:
            hits += 1
            total += hits / place
    return total / hits if hits else float('nan')


def casia_b(subjects, sequences=None, views=range(0, 181, 18)):
    """Metadata of all sequences of some people."""
    sequences = sequences or {'nm': 6, 'bg': 2, 'cl': 2}
    rows = [
        (subject, condition, seq, view)
        for subject in subjects
        for condition, count in sequences.items()
        for seq in range(1, count + 1)
        for view in views
    ]
    keys = ('subject', 'condition', 'seq', 'view')
    return dict(zip(keys, map(list, zip(*rows, strict=True)), strict=True))
