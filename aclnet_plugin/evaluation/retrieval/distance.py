"""How far embeddings are apart, and several streams as one embedding."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from scipy.spatial.distance import cdist


def pairwise_distance(probes: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Euclidean distances, summed in float64.

    Each is the root of the sum of squared differences, not of
    ``a² + b² - 2ab``: a product of matrices rounds equal embeddings
    differently in different columns, and would break ties at random. Rows
    are dealt out to as many threads as torch uses.

    Args:
        probes: ``(P, D)``.
        gallery: ``(G, D)``.

    Returns:
        ``(P, G)`` float64; equal pairs of embeddings have equal distances,
        and equal embeddings the distance 0.
    """
    probes = np.asarray(probes, np.float64)
    gallery = np.asarray(gallery, np.float64)
    threads = torch.get_num_threads()
    parts = np.array_split(probes, threads)
    with ThreadPoolExecutor(threads) as pool:
        rows = list(pool.map(lambda part: cdist(part, gallery), parts))
    return np.concatenate(rows)


def rankable_distance(probes: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Distances that rank as :func:`pairwise_distance` does, but faster.

    They come from a product of matrices. Each is off by no more than a bound
    of its rounding; where two distances of a probe are nearer to each other
    than this could hide, all of its distances are taken by differences. With
    384 numbers per embedding, that is next to never without equal
    embeddings.

    Args:
        probes: ``(P, D)``.
        gallery: ``(G, D)``.

    Returns:
        ``(P, G)`` float64; the order within a row, and which are equal, is
        exactly that of :func:`pairwise_distance`. A value that is small
        against the lengths of the embeddings is less exact.
    """
    probes = np.asarray(probes, np.float64)
    gallery = np.asarray(gallery, np.float64)
    probe_squares = np.einsum('pd,pd->p', probes, probes)[:, None]
    gallery_squares = np.einsum('gd,gd->g', gallery, gallery)
    distance = probes @ gallery.T
    distance *= -2
    distance += probe_squares
    distance += gallery_squares
    # Both ways round a square by up to 2 (D + 3) eps (|p|^2 + |g|^2)
    # together, which holds for any order of summation. Twice this for two of
    # them, and twice again to be on the safe side.
    unit = 8 * (probes.shape[1] + 3) * np.finfo(np.float64).eps
    bound = unit * (probe_squares + gallery_squares.max(initial=0))
    gaps = np.diff(np.sort(distance, 1), axis=1)
    unsure = (gaps <= bound).any(1)
    np.maximum(distance, 0, out=distance)
    np.sqrt(distance, out=distance)
    distance[unsure] = pairwise_distance(probes[unsure], gallery)
    return distance


def concatenate_streams(streams: Sequence[np.ndarray]) -> np.ndarray:
    """Fuse streams: each row to unit length, then side by side.

    Every stream has the same say: the squared distance of fused embeddings
    is the sum of the streams' squared distances.

    Args:
        streams: At least one; ``(N, D)`` each, D may differ. The rows are of
            the same samples in the same order.

    Returns:
        ``(N, sum of D)`` float64. A row of zeros stays one.

    Raises:
        ValueError: If there is no stream, or their numbers of rows differ.
    """
    arrays = [np.asarray(stream, np.float64) for stream in streams]
    shapes = [array.shape for array in arrays]
    fine = all(len(shape) == 2 for shape in shapes)
    if not fine or len({shape[0] for shape in shapes}) != 1:
        raise ValueError(
            f'Streams have embeddings of shape '
            f'{", ".join(map(str, shapes)) or "nothing"}; expected (N, D) '
            f'with the same N. Extract all of them from the same samples.'
        )
    lengths = [
        np.linalg.norm(array, axis=1, keepdims=True) for array in arrays
    ]
    return np.hstack(
        [
            array / np.where(length > 0, length, 1)
            for array, length in zip(arrays, lengths, strict=True)
        ]
    )
