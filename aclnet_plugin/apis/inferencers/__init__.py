"""From skeletons, or videos, to class names."""

from .acl_inferencer import ACLInferencer
from .errors import InferenceError, PartlyFailed

__all__ = ['ACLInferencer', 'InferenceError', 'PartlyFailed']
