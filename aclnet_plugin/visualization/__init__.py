"""Pictures and a table of what the affinity state has learned.

They are made from plain arrays: no model, Runner or display is needed, and
matplotlib only when a picture is drawn.
"""

from .confusion_plot import plot_confusion
from .confusion_table import Confusion, top_confusions
from .family_plot import plot_family_graph

__all__ = [
    'Confusion',
    'plot_confusion',
    'plot_family_graph',
    'top_confusions',
]
