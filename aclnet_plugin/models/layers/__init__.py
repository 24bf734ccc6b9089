"""Building blocks of the graph convolutional backbone."""

from .gcn import DynamicGCN
from .graph import random_adjacency
from .tcn import MultiScaleTCN

__all__ = ['DynamicGCN', 'MultiScaleTCN', 'random_adjacency']
