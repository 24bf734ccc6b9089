"""Maps of embeddings in two dimensions that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import numpy as np

from .errors import AnalysisError

METHODS = ('tsne', 'umap', 'pca')
NEIGHBOURS = 10
"""Of a sample, in :attr:`Separation.purity`."""


class Separation(NamedTuple):
    """How well classes are apart, among the embeddings themselves.

    Attributes:
        silhouette: Mean silhouette with the cosine distance, -1 to 1; None
            if there are not two classes, or no class has two samples.
        purity: Share of the 10 nearest others that are of the same class;
            None if there is one sample.
    """

    silhouette: float | None
    purity: float | None


def separation(features: np.ndarray, labels: np.ndarray) -> Separation:
    """Measure how well classes are apart.

    Args:
        features: ``(N, D)``, rows of unit length.
        labels: ``(N,)``.
    """
    silhouette_score = _scikit_learn('metrics').silhouette_score
    kinds = len(np.unique(labels))
    silhouette = purity = None
    if 2 <= kinds < len(labels):
        score = silhouette_score(features, labels, metric='cosine')
        silhouette = float(score)
    if len(labels) > 1:
        likeness = features @ features.T
        np.fill_diagonal(likeness, -np.inf)
        number = min(NEIGHBOURS, len(labels) - 1)
        near = np.argsort(-likeness, axis=1, kind='stable')[:, :number]
        purity = float((labels[near] == labels[:, None]).mean())
    return Separation(silhouette, purity)


def common_rows(
    names: Sequence[np.ndarray], labels: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Rows of the samples that all sets have, in the order of the first.

    Args:
        names: For each set, ``(N,)`` names of its samples.
        labels: For each set, ``(N,)``.

    Returns:
        For each set the rows.

    Raises:
        AnalysisError: If a set has a name twice, sets have no sample in
            common, or do not agree about a label.
    """
    places = []
    for number, column in enumerate(names):
        found = {name: row for row, name in enumerate(column.tolist())}
        if len(found) < len(column):
            raise AnalysisError(
                f'embeddings {number + 1} have names that occur twice; panels '
                f'are compared sample by sample'
            )
        places.append(found)
    first, *others = places
    shared = [name for name in first if all(name in other for other in others)]
    if not shared:
        raise AnalysisError(
            'the embeddings have no sample in common; take those of one split'
        )
    rows = [np.array([found[n] for n in shared]) for found in places]
    truth = labels[0][rows[0]]
    for number, (column, row) in enumerate(zip(labels, rows, strict=True)):
        wrong = np.flatnonzero(column[row] != truth)
        if len(wrong):
            raise AnalysisError(
                f'embeddings {number + 1} have label '
                f'{column[row[wrong[0]]]} for {shared[wrong[0]]}, the first '
                f'have {truth[wrong[0]]}; they are of other data'
            )
    return rows


def map_panels(
    panels: Sequence[np.ndarray],
    method: str = 'tsne',
    seed: int = 0,
    perplexity: float = 30.0,
) -> list[np.ndarray]:
    """Embed several sets of features of the same samples in the plane.

    Distances between spaces mean nothing, so each set has a map of its own.
    To make them comparable, each begins where the map before it ended, and
    is then turned, mirrored and scaled to lie on the first as well as it can
    (Procrustes). What still differs is then due to the features.

    Args:
        panels: P arrays ``(N, D)`` with equal N; D may differ.
        method: ``'tsne'``, ``'umap'`` or ``'pca'``. Defaults to ``'tsne'``.
        seed: Decides the maps. Defaults to 0.
        perplexity: Of t-SNE, and the number of neighbours of UMAP; at most
            a third of the samples are used. Defaults to 30.

    Returns:
        P arrays ``(N, 2)`` float64, centred, with a mean square radius of 1.

    Raises:
        AnalysisError: If there are fewer than 4 samples.
        ImportError: If the method needs a package that is missing.
    """
    count = len(panels[0])
    if count < 4:
        raise AnalysisError(
            f'{count} samples are too few for a map; show more classes'
        )
    perplexity = max(min(perplexity, (count - 1) / 3), 1.0)
    maps: list[np.ndarray] = []
    for features in panels:
        start = maps[-1] if maps else _principal(features)
        made = start
        if method == 'tsne':
            made = _tsne(features, start, seed, perplexity)
        elif method == 'umap':
            made = _umap(features, start, seed, perplexity)
        elif maps:
            made = _principal(features)
        made = normalised(made)
        maps.append(onto(made, maps[0]) if maps else made)
    return maps


def normalised(points: np.ndarray) -> np.ndarray:
    """Points about their mean, with a mean square radius of 1.

    Args:
        points: ``(N, 2)``.
    """
    points = points.astype(np.float64)
    points = points - points.mean(0)
    radius = np.sqrt((points**2).sum(1).mean())
    return points / (radius or 1.0)


def onto(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Turn and mirror points to lie close to others (Procrustes).

    Args:
        points: ``(N, 2)``, normalised.
        target: ``(N, 2)``, normalised.
    """
    from scipy.linalg import orthogonal_procrustes

    turn, _ = orthogonal_procrustes(points, target)
    return points @ turn


def _scikit_learn(name: str) -> ModuleType:
    try:
        return import_module(f'sklearn.{name}')
    except ImportError as error:
        raise ImportError(
            "maps of embeddings need scikit-learn; install it with 'pip "
            'install "aclnet_plugin[analysis]"\''
        ) from error


def _principal(features: np.ndarray) -> np.ndarray:
    centred = features.astype(np.float64) - features.mean(0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    found = left[:, :2] * size[:2]
    # A singular vector has no sign of its own.
    largest = np.abs(found).argmax(0)
    found = found * np.where(found[largest, range(found.shape[1])] < 0, -1, 1)
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def _tsne(
    features: np.ndarray, start: np.ndarray, seed: int, perplexity: float
) -> np.ndarray:
    tsne = _scikit_learn('manifold').TSNE
    # As small as scikit-learn makes its own start: clusters form freely.
    spread = start[:, 0].std() or 1.0
    # Of unit vectors the squared distance is 2 - 2 cos; that of
    # metric='cosine' would be squared once more.
    return tsne(
        perplexity=perplexity,
        init=(start / spread * 1e-4).astype(np.float32),
        random_state=seed,
    ).fit_transform(features)


def _umap(
    features: np.ndarray, start: np.ndarray, seed: int, neighbours: float
) -> np.ndarray:
    import warnings

    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError(
            "--method umap needs umap-learn; install it with 'pip install "
            '"aclnet_plugin[umap]"\', or use --method tsne'
        ) from error
    with warnings.catch_warnings():
        # It announces that a seed rules out several threads, as it should.
        warnings.simplefilter('ignore')
        return UMAP(
            n_neighbors=max(2, round(neighbours)),
            init=(10 * normalised(start)).astype(np.float32),
            metric='cosine',
            random_state=seed,
            n_jobs=1,
        ).fit_transform(features)
