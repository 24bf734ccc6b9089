"""Pictures of the learned affinity state."""

from .affinity_plots import (
    Confusion,
    plot_confusion,
    plot_family_graph,
    top_confusions,
)

__all__ = [
    'Confusion',
    'plot_confusion',
    'plot_family_graph',
    'top_confusions',
]
