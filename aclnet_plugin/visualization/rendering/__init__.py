"""Moving skeletons: GIF, MP4 or a strip of pictures, from plain arrays."""

from .panel import Panel
from .render import FORMATS, RenderError, RenderStyle, render

__all__ = ['FORMATS', 'Panel', 'RenderError', 'RenderStyle', 'render']
