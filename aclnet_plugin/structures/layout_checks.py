"""Checks that the tables of a skeleton layout fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .skeletons import SkeletonLayout


def as_edges(
    name: str, edges: Sequence[Sequence[int]]
) -> tuple[tuple[int, int], ...]:
    """Edges as pairs; raises ``ValueError`` for anything but pairs."""
    edges = tuple(tuple(edge) for edge in edges)
    wrong = [edge for edge in edges if len(edge) != 2]
    if wrong:
        raise ValueError(
            f'Layout {name!r}: an edge is (child, parent), got {wrong[0]}.'
        )
    return edges


def check_joints(
    name: str, what: str, joints: Sequence[int], num_joints: int
) -> None:
    """Raise ``ValueError`` for a joint that the layout does not have."""
    if not isinstance(num_joints, int) or num_joints < 1:
        raise ValueError(
            f'Layout {name!r}: the number of joints must be a positive '
            f'integer, got {num_joints!r}.'
        )
    for joint in joints:
        whole = isinstance(joint, (int, np.integer)) and joint is not True
        if not whole or not 0 <= joint < num_joints:
            raise ValueError(
                f'Layout {name!r}: {what} names joint {joint!r}, but the '
                f'joints are 0 to {num_joints - 1}.'
            )


def walk_to_center(
    name: str,
    num_joints: int,
    center: int,
    edges: Sequence[tuple[int, int]],
) -> tuple[int, ...]:
    """Parents of a tree given by its edges, whatever their direction."""
    check_joints(name, 'inward', [v for e in edges for v in e], num_joints)
    children = [child for child, _ in edges]
    twice = sorted({v for v in children if children.count(v) > 1})
    if twice:
        raise ValueError(
            f'Layout {name!r}: joint {twice[0]} is the child of several '
            'edges; a joint has one parent.'
        )
    neighbours: list[list[int]] = [[] for _ in range(num_joints)]
    for child, parent in edges:
        neighbours[child].append(parent)
        neighbours[parent].append(child)
    parents = {center: center}
    front = [center]
    for joint in front:
        fresh = [v for v in neighbours[joint] if v not in parents]
        parents.update((v, joint) for v in fresh)
        front += fresh
    lost = sorted(set(range(num_joints)) - set(parents))
    if lost:
        raise ValueError(
            f'Layout {name!r}: joints {lost} are not connected to the '
            f'centre {center}. Each needs an edge (child, parent) in inward; '
            f'num_node={num_joints} counts the joints.'
        )
    if len(edges) != num_joints - 1:
        raise ValueError(
            f'Layout {name!r}: the edges contain a cycle ({len(edges)} edges '
            f'for {num_joints} joints; a tree has {num_joints - 1}).'
        )
    return tuple(parents[v] for v in range(num_joints))


def validate(layout: SkeletonLayout) -> None:
    """Raise ``ValueError`` unless the tables fit together."""
    name, total = layout.name, layout.num_joints
    if layout.dims not in (2, 3):
        raise ValueError(
            f'Layout {name!r}: dims must be 2 or 3, got {layout.dims!r}.'
        )
    if layout.confidence not in ('mean', 'mixed'):
        raise ValueError(
            f"Layout {layout.name!r}: confidence must be 'mean' or 'mixed', "
            f'got {layout.confidence!r}.'
        )
    check_joints(name, 'center', [layout.center], total)
    walk_to_center(name, total, layout.center, layout.edges)
    _validate_parents(layout)
    sides = (*layout.left, *layout.right)
    check_joints(name, 'left/right', sides, total)
    if len(layout.left) != len(layout.right) or len(set(sides)) < len(sides):
        raise ValueError(
            f'Layout {name!r}: left and right must pair up, each joint at '
            f'most once; got {len(layout.left)} in left={layout.left} and '
            f'{len(layout.right)} in right={layout.right}.'
        )
    for part, joints in (*layout.parts, *layout.regions):
        check_joints(name, f'part {part!r}', joints, total)
    known = [part for part, _ in (*layout.parts, *layout.regions)]
    twice = sorted({part for part in known if known.count(part) > 1})
    if twice:
        raise ValueError(
            f'Layout {name!r}: {twice[0]!r} is given twice in parts and '
            'regions; each needs a name of its own.'
        )
    for joint, sources in layout.virtual_joints:
        check_joints(name, 'virtual_joints', (joint, *sources), total)
    if layout.joint_names and len(layout.joint_names) != total:
        raise ValueError(
            f'Layout {name!r}: {len(layout.joint_names)} joint names for '
            f'{total} joints.'
        )


def _validate_parents(layout: SkeletonLayout) -> None:
    name, total, parents = layout.name, layout.num_joints, layout.parents
    if len(parents) != total:
        raise ValueError(
            f'Layout {name!r}: {len(parents)} parents for {total} joints.'
        )
    check_joints(name, 'parents', parents, total)
    if parents[layout.center] != layout.center:
        raise ValueError(
            f'Layout {name!r}: the centre {layout.center} must be its own '
            f'parent, not {parents[layout.center]}.'
        )
    table = np.array(parents)
    reached = table
    for _ in range(total):
        reached = table[reached]
    astray = np.flatnonzero(reached != layout.center)
    if astray.size:
        raise ValueError(
            f'Layout {name!r}: following the parents of joint '
            f'{astray[0]} never reaches the centre {layout.center} '
            '(the bones contain a cycle or a second root).'
        )
