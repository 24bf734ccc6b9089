"""Equality that tells types, dtypes and orders apart."""

import numpy as np
import torch


def same(one, other):
    """Whether two plain values are equal in every respect."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        factories = [getattr(v, 'default_factory', None) for v in (one, other)]
        keys = list(one) == list(other) and factories[0] is factories[1]
        types = [list(map(type, v)) for v in (one, other)]
        return (
            keys
            and types[0] == types[1]
            and all(map(same, one.values(), other.values()))
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (np.ndarray, np.generic)):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and (one.ndim < 2 or order(one) == order(other))
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, (set, frozenset)):
        kinds = [{(type(v), v) for v in values} for values in (one, other)]
        return kinds[0] == kinds[1]
    if isinstance(one, int):
        return one == other
    return repr(one) == repr(other)


def order(array):
    return array.flags.c_contiguous, array.flags.f_contiguous
