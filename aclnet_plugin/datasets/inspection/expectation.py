"""What a model demands of its data, read from config or model."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmaction.registry import MODELS
from mmengine.model import is_model_wrapper
from torch import nn

from ...structures import SkeletonLayout, get_layout

_TOPOLOGY = 'topology'
"""``relation`` of a backbone that returns V * V numbers if it is told to."""


@dataclass(frozen=True)
class Expectation:
    """What the data has to fit; ``None`` is not checked.

    Args:
        num_classes: Classes of the head.
        joints: Joints of the backbone's graph.
        layout: Name of that graph's layout, for messages.
        in_channels: Channels per joint that the backbone takes.
        backbone: Name of the backbone's class.
        relation_dim: Length of the relation vector that the head takes;
            only for a backbone that returns one.
    """

    num_classes: int | None = None
    joints: int | None = None
    layout: str | None = None
    in_channels: int | None = None
    backbone: str | None = None
    relation_dim: int | None = None


def expectation_of(cfg: Mapping[str, Any]) -> Expectation:
    """Read a config, without building its model.

    Args:
        cfg: A whole config, with the key ``model``.

    Returns:
        What can be known; nothing for a backbone that is not a graph
        network.

    Raises:
        ValueError: If the graph of the backbone has an unknown layout, or
            the backbone is not registered.
    """
    model = cfg.get('model') or {}
    head, backbone = model.get('cls_head') or {}, model.get('backbone') or {}
    kind = _class_of(backbone)
    joints, layout = _graph_of(backbone.get('graph_cfg'))
    dynamic = _is_dynamic(kind)
    if joints is None and dynamic:
        raise ValueError(
            'model.backbone.graph_cfg has no layout; set it to that of the '
            'dataset.'
        )
    if dynamic:
        # A graph of the host need not be a tree, that of ACLGCN must be.
        get_layout(backbone['graph_cfg']['layout'])
    return Expectation(
        num_classes=head.get('num_classes'),
        joints=joints,
        layout=layout,
        in_channels=_argument(backbone, kind, 'in_channels')
        if joints
        else None,
        backbone=kind.__name__ if kind else None,
        relation_dim=_argument(head, None, 'relation_dim', 'in_channels')
        if head.get('type') == 'ACLHead'
        and backbone.get('relation', dynamic and _TOPOLOGY) == _TOPOLOGY
        else None,
    )


def expectation_of_model(model: nn.Module) -> Expectation:
    """Ask a model that is built, wrapped or not.

    Args:
        model: A recognizer of MMAction2, or anything with its attributes
            ``backbone`` and ``cls_head``.

    Returns:
        What can be known.
    """
    if is_model_wrapper(model):
        model = model.module
    head = getattr(model, 'cls_head', None)
    backbone = getattr(model, 'backbone', None)
    layout = getattr(backbone, 'layout', None)
    graph = getattr(backbone, 'graph', None)
    if isinstance(layout, SkeletonLayout):
        joints, name = layout.num_joints, layout.name
    else:
        joints = getattr(graph, 'num_node', None)
        name = getattr(graph, 'layout', None)
    relation = getattr(backbone, 'relation', None) == _TOPOLOGY
    return Expectation(
        num_classes=getattr(head, 'num_classes', None),
        joints=joints,
        layout=name if isinstance(name, str) else None,
        in_channels=getattr(backbone, 'in_channels', None) if joints else None,
        backbone=type(backbone).__name__,
        relation_dim=getattr(head, 'relation_dim', None) if relation else None,
    )


def _class_of(backbone: Mapping[str, Any]) -> type | None:
    kind = backbone.get('type')
    if not isinstance(kind, str):
        return kind
    found = MODELS.get(kind)
    if found is None:
        raise ValueError(
            f'there is no backbone {kind!r}; correct model.backbone.type, or '
            'name the module that registers it in custom_imports.'
        )
    return found


def _graph_of(graph: Any) -> tuple[int | None, str | None]:
    """Joints and name of a ``graph_cfg``."""
    layout = graph.get('layout') if isinstance(graph, Mapping) else None
    if layout is None:
        return None, None
    if isinstance(layout, Mapping) and 'num_node' in layout:
        # Not through get_layout: the host accepts graphs that are no trees.
        return layout['num_node'], layout.get('name')
    layout = get_layout(layout)
    return layout.num_joints, layout.name


def _argument(
    config: Mapping[str, Any], kind: type | None, *names: str
) -> int | None:
    """The first argument that a config gives, or the default of its class."""
    for name in names:
        if config.get(name) is not None:
            return config[name]
    known = inspect.signature(kind).parameters if kind else {}
    default = known[names[0]].default if names[0] in known else None
    return default if isinstance(default, int) else None


def _is_dynamic(kind: type | None) -> bool:
    """Whether a backbone returns a relation vector by default."""
    known = MODELS.get('ACLGCN')
    return isinstance(kind, type) and issubclass(kind, known)
