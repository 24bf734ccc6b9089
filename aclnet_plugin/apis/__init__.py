"""A trained model, ready to use: :class:`ACLInferencer`."""

from .inferencers import ACLInferencer, InferenceError

__all__ = ['ACLInferencer', 'InferenceError']
