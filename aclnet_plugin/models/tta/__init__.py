"""Models of the test with augmentation, registered as all others."""

from .retrieval_tta import RetrievalTTAModel

__all__ = ['RetrievalTTAModel']
