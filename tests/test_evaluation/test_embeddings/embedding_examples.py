"""Embeddings that tests of files and of searches are made of."""

import numpy as np

from aclnet_plugin.evaluation.embeddings import Embeddings


def example(count=6, size=4, seed=0, **changes):
    """Random embeddings of two subjects with three walks each."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, size)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    content = dict(
        features=features,
        names=np.array([f'walk-{index}' for index in range(count)]),
        labels=np.arange(count, dtype=np.int64) // 3 + 1,
        classes=('sit', 'stand', 'läuft, springt'),
        meta={
            'subject': np.arange(count, dtype=np.int64) // 3 + 75,
            'condition': np.array(['nm', 'bg', 'cl'] * count)[:count],
            'seq': np.ones(count, np.int64),
            'view': np.full(count, 90),
            'height': np.linspace(1, 2, count),
        },
        about={
            'embedding': 'pooled',
            'config': 'a.py',
            'checkpoint': 'epoch_9.pth',
            'checkpoint_sha256': 'f' * 64,
            'split': None,
            'tta': False,
        },
    )
    return Embeddings(**content | changes)
