"""Building blocks of the graph convolutional backbone."""

from .block import ACLBlock
from .gcn import DynamicGCN
from .graph import random_adjacency
from .persons import without_repetition
from .tcn import MultiScaleTCN

__all__ = [
    'ACLBlock',
    'DynamicGCN',
    'MultiScaleTCN',
    'random_adjacency',
    'without_repetition',
]
