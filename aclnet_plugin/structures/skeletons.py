"""One object that knows everything about a skeleton layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .layout_checks import as_edges, check_joints, validate, walk_to_center
from .layouts import TABLES


@dataclass(frozen=True)
class SkeletonLayout:
    """Joints, bones and symmetries of a skeleton (joints are 0-based).

    The object is immutable and hashable, holds only built-in types and can
    be pickled. Derived tables are properties. ``V`` is the number of joints.

    Args:
        name: Name used in configs and messages.
        num_joints: Number of joints ``V``.
        center: Root joint of graph and bones.
        edges: The ``V - 1`` graph edges ``(child, parent)``; with the
            centre as root they form a tree.
        parents: ``V`` entries, the other end of each joint's bone; the
            centre is its own parent. May differ from ``edges``.
        left: Joints of the left side.
        right: Their counterparts on the right side, in the same order.
        parts: ``(name, joints)`` of the body parts that can be dropped.
        joint_names: ``V`` names, or empty.
        dims: Coordinates per joint, 2 or 3. Two-dimensional skeletons carry
            a confidence score as third channel.
        virtual_joints: ``(joint, sources)`` of the joints that are means of
            others, in the order of computation.
        confidence: What becomes of the confidence of 2D skeletons in the
            streams, ``'mean'`` or ``'mixed'``; see :class:`ToStream`.
        regions: ``(name, joints)`` of further groups of joints, which may
            overlap with ``parts``, such as the trunk; for occlusion.
    """

    name: str
    num_joints: int
    center: int
    edges: tuple[tuple[int, int], ...]
    parents: tuple[int, ...]
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    parts: tuple[tuple[str, tuple[int, ...]], ...] = ()
    joint_names: tuple[str, ...] = ()
    dims: int = 3
    virtual_joints: tuple[tuple[int, tuple[int, ...]], ...] = ()
    confidence: str = 'mean'
    regions: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __post_init__(self) -> None:
        validate(self)

    @cached_property
    def second_order_parents(self) -> tuple[int, ...]:
        """Far end of each joint's two-bone link, ``V`` entries.

        It is the parent's parent. Joints next to the root have none; like
        the root they point to themselves, which gives a zero vector.
        """
        return tuple(
            v if self.parents[v] == self.center else self.parents[p]
            for v, p in enumerate(self.parents)
        )

    @property
    def bone_pairs(self) -> tuple[tuple[int, int], ...]:
        """The ``V`` bones ``(joint, parent)``, the root's own included."""
        return tuple(enumerate(self.parents))

    @cached_property
    def flip_permutation(self) -> tuple[int, ...]:
        """Joint order after left and right have changed places."""
        swap = dict(zip(self.left, self.right, strict=True))
        swap.update(zip(self.right, self.left, strict=True))
        return tuple(swap.get(v, v) for v in range(self.num_joints))

    def joints_of(self, group: str) -> tuple[int, ...]:
        """Joints of one of the ``parts`` or ``regions``.

        Args:
            group: Its name.

        Raises:
            ValueError: If there is none of this name.
        """
        groups = dict((*self.parts, *self.regions))
        if group not in groups:
            raise ValueError(
                f'The layout {self.name!r} has no part {group!r}, '
                f'only {", ".join(groups) or "none at all"}.'
            )
        return groups[group]

    @property
    def num_source_joints(self) -> int:
        """Joints in the annotation, i.e. without the virtual ones."""
        return self.num_joints - len(self.virtual_joints)

    def adjacency(self) -> np.ndarray:
        """Symmetric 0/1 adjacency with ones on the diagonal, ``(V, V)``."""
        matrix = np.eye(self.num_joints, dtype=np.float32)
        child, parent = np.array(self.edges, dtype=np.int64).reshape(-1, 2).T
        matrix[child, parent] = matrix[parent, child] = 1
        return matrix

    def to_graph_dict(self) -> dict[str, Any]:
        """The dict layout that MMAction2's ``Graph`` accepts.

        With it a stock backbone runs on any layout::

            graph_cfg=dict(layout=get_layout('kinect_v1').to_graph_dict())
        """
        return dict(
            num_node=self.num_joints,
            inward=[tuple(edge) for edge in self.edges],
            center=self.center,
        )


_DICT_KEYS = dict(
    num_node='num_joints',
    inward='edges',
    center='center',
    name='name',
    parents='parents',
    left='left',
    right='right',
    parts='parts',
    regions='regions',
    joint_names='joint_names',
    dims='dims',
    confidence='confidence',
)


def get_layout(
    layout: str | Mapping[str, Any] | SkeletonLayout,
) -> SkeletonLayout:
    """Return a layout by name or build it from a config dict.

    Args:
        layout: ``'nturgb+d'``, ``'coco'``, ``'coco_new'``, ``'kinect_v1'``,
            ``'openpose'``, ``'openpose14'``, ``'openpose14_2d'``, a finished
            layout, or a dict as MMAction2's ``Graph`` takes it,
            ``num_node``, ``inward`` (edges) and ``center``, with the optional
            keys ``name``, ``parents`` (otherwise found by walking along the
            edges towards the centre), ``left``, ``right``, ``parts`` (name to
            joints), ``regions`` (the same), ``joint_names``, ``dims`` and
            ``confidence``.

    Returns:
        The layout.

    Raises:
        ValueError: If the name is unknown or the dict does not describe a
            tree of joints.
        TypeError: If ``layout`` is something else.

    Examples:
        >>> get_layout('kinect_v1').num_joints
        20
    """
    if isinstance(layout, SkeletonLayout):
        return layout
    if isinstance(layout, str):
        if layout not in _LAYOUTS:
            raise ValueError(
                f'Unknown skeleton layout {layout!r}; choose one of '
                f'{", ".join(_LAYOUTS)}, or give a dict with num_node, '
                'inward and center.'
            )
        return _LAYOUTS[layout]
    if isinstance(layout, Mapping):
        return _from_dict(layout)
    raise TypeError(
        'A skeleton layout is a name, a dict or a SkeletonLayout, not '
        f'{type(layout).__name__}.'
    )


def _from_dict(config: Mapping[str, Any]) -> SkeletonLayout:
    missing = {'num_node', 'inward', 'center'} - set(config)
    unknown = set(config) - set(_DICT_KEYS)
    if missing or unknown:
        raise ValueError(
            'A layout dict needs num_node, inward and center; '
            f'missing: {sorted(missing)}, unknown: {sorted(unknown)} '
            f'(known keys: {sorted(_DICT_KEYS)}).'
        )
    given = {_DICT_KEYS[key]: value for key, value in config.items()}
    given.setdefault('name', 'custom')
    for key in ('parts', 'regions'):
        groups = given.get(key, ())
        if isinstance(groups, Mapping):
            given[key] = tuple(groups.items())
    return _build(**given)


def _build(
    name: str,
    num_joints: int,
    center: int,
    edges: Sequence[Sequence[int]] | None = None,
    parents: Sequence[int] | None = None,
    parts: Sequence[tuple[str, Sequence[int]]] = (),
    regions: Sequence[tuple[str, Sequence[int]]] = (),
    left: Sequence[int] = (),
    right: Sequence[int] = (),
    joint_names: Sequence[str] = (),
    **others: Any,
) -> SkeletonLayout:
    """Normalise the containers and fill in whichever table is missing."""
    if edges is None:
        edges = [(v, p) for v, p in enumerate(parents) if v != p]
    edges = as_edges(name, edges)
    if parents is None:
        check_joints(name, 'center', [center], num_joints)
        parents = walk_to_center(name, num_joints, center, edges)
    return SkeletonLayout(
        name=name,
        num_joints=num_joints,
        center=center,
        edges=edges,
        parents=tuple(parents),
        left=tuple(left),
        right=tuple(right),
        parts=_as_groups(parts),
        regions=_as_groups(regions),
        joint_names=tuple(joint_names),
        **others,
    )


def _as_groups(
    groups: Sequence[tuple[str, Sequence[int]]],
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Named joints with containers that can be hashed."""
    return tuple((name, tuple(joints)) for name, joints in groups)


_LAYOUTS = {table['name']: _build(**table) for table in TABLES}
