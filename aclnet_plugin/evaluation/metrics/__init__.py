"""Metrics of the host's evaluation loop."""

from .gait_rank_metric import GaitRankMetric
from .reid_metric import ReIDMetric
from .retrieval_metric import RetrievalMetric

__all__ = ['GaitRankMetric', 'ReIDMetric', 'RetrievalMetric']
