import numpy as np
import pytest


@pytest.fixture
def make_counts():
    """Random counts in which classes are confused within hidden groups."""

    def make(num_classes, seed=0):
        rng = np.random.default_rng(seed)
        group = rng.integers(0, max(num_classes // 4, 1), num_classes)
        same = group[:, None] == group
        counts = rng.poisson(np.where(same, 9.0, 0.05))
        np.fill_diagonal(counts, 50)
        return counts.astype(np.int64)

    return make


@pytest.fixture
def texts():
    """All titles, labels and notes of a figure."""

    def find(figure):
        found = [text.get_text() for text in figure.texts]
        for axes in figure.axes:
            found += [text.get_text() for text in axes.texts]
            found += [text.get_text() for text in axes.get_xticklabels()]
        return found

    return find
