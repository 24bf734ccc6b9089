"""Skeleton layouts: tables, derived tables, messages."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aclnet_plugin.structures import SkeletonLayout, get_layout

TABLES = json.loads(
    (Path(__file__).parents[1] / 'data' / 'layouts.json').read_text()
)
NAMES = (
    'nturgb+d',
    'coco',
    'coco_new',
    'kinect_v1',
    'openpose',
    'openpose14',
    'openpose14_2d',
)
CHAIN = dict(num_node=4, inward=[[1, 0], [2, 1], [3, 2]], center=0)


@pytest.mark.parametrize('name', TABLES)
def test_recorded_tables(name):
    layout, table = get_layout(name), TABLES[name]
    assert layout.num_joints == table['num_node']
    assert layout.center == table['center']
    assert sorted(layout.edges) == sorted(map(tuple, table['inward_edges']))
    assert sorted(layout.bone_pairs) == sorted(map(tuple, table['bone_pairs']))
    assert sorted(enumerate(layout.second_order_parents)) == sorted(
        map(tuple, table['second_order_bone_pairs'])
    )
    if 'left_right_permutation' in table:
        assert list(layout.flip_permutation) == table['left_right_permutation']
    else:
        assert list(layout.left) == table['left_keypoints']
        assert list(layout.right) == table['right_keypoints']
    for key, joints in table.get('drop_parts', {}).items():
        number, _, part = key.partition('_')
        assert layout.parts[int(number)] == (part, tuple(joints))
    for joint, words in table.get('virtual_joints', {}).items():
        sources = dict(layout.virtual_joints)[int(joint)]
        assert words == 'mean of {} and {}'.format(*sorted(sources))


def test_kinect_v1_follows_its_one_based_description():
    pairs = [
        (1, 2), (2, 3), (4, 3), (5, 3), (6, 5), (7, 6), (8, 7), (9, 3),
        (10, 9), (11, 10), (12, 11), (13, 1), (14, 13), (15, 14), (16, 15),
        (17, 1), (18, 17), (19, 18), (20, 19),
    ]  # fmt: skip
    layout = get_layout('kinect_v1')
    assert set(layout.edges) == {(a - 1, b - 1) for a, b in pairs}
    assert layout.center == 2


def test_openpose14_follows_its_description():
    pairs = '0-1 2-1 3-2 4-3 5-1 6-5 7-6 8-1 9-8 10-9 11-1 12-11 13-12'
    layout = get_layout('openpose14')
    assert set(layout.edges) == {
        tuple(map(int, pair.split('-'))) for pair in pairs.split()
    }
    assert (layout.center, layout.dims) == (1, 3)
    for name, first in (
        ('right_arm', 2),
        ('left_arm', 5),
        ('right_leg', 8),
        ('left_leg', 11),
    ):
        assert dict(layout.parts)[name] == (first, first + 1, first + 2)


def test_openpose14_in_two_dimensions():
    flat, solid = get_layout('openpose14_2d'), get_layout('openpose14')
    assert flat.dims == 2
    assert flat == replace(solid, name='openpose14_2d', dims=2)


@pytest.mark.parametrize('name', NAMES)
def test_every_layout_is_consistent(name):
    layout = get_layout(name)
    flip = np.array(layout.flip_permutation)
    np.testing.assert_array_equal(flip[flip], np.arange(layout.num_joints))
    # Left and right mirror each other in the bones as well, and in names.
    parents = np.array(layout.parents)
    np.testing.assert_array_equal(flip[parents], parents[flip])
    for left, right in zip(layout.left, layout.right, strict=True):
        mirrored = layout.joint_names[left].replace('left', 'right')
        assert layout.joint_names[right] == mirrored
    assert len(set(layout.joint_names)) == layout.num_joints
    for part, joints in layout.parts:
        side = part.split('_')[0]
        assert all(layout.joint_names[v].startswith(side) for v in joints)


@pytest.mark.parametrize('name', NAMES)
def test_parts_and_regions_cover_the_body(name):
    layout = get_layout(name)
    parts, regions = dict(layout.parts), dict(layout.regions)
    core = 'head' if name == 'coco' else 'trunk'
    assert set(regions) == {'two_hands', 'two_legs', core}
    assert set(parts) == {'left_arm', 'right_arm', 'left_leg', 'right_leg'}
    legs = [*parts['left_leg'], *parts['right_leg']]
    assert sorted(regions['two_legs']) == sorted(legs)
    arms = [*parts['left_arm'], *parts['right_arm']]
    assert set(regions['two_hands']) < set(arms)
    sides = [joint in layout.left for joint in regions['two_hands']]
    assert sum(sides) * 2 == len(sides)
    # Arms, legs and trunk are each joint once.
    every = sorted([*arms, *legs, *regions[core]])
    assert every == list(range(layout.num_joints))
    for group, joints in {**parts, **regions}.items():
        assert len(set(joints)) == len(joints)
        assert layout.joints_of(group) == joints


def test_a_group_that_is_not_there():
    with pytest.raises(ValueError, match=r"'tail', only left_arm.*head"):
        get_layout('coco').joints_of('tail')
    with pytest.raises(ValueError, match='none at all'):
        get_layout(CHAIN).joints_of('tail')


def test_regions_of_a_dict_layout():
    layout = get_layout(
        CHAIN | dict(parts=dict(end=[3]), regions=dict(ends=[0, 3]))
    )
    assert layout.regions == (('ends', (0, 3)),)
    assert layout.joints_of('ends') == (0, 3)
    assert layout.joints_of('end') == (3,)
    assert hash(layout) == hash(pickle.loads(pickle.dumps(layout)))
    with pytest.raises(ValueError, match="part 'ends' names joint 4"):
        get_layout(CHAIN | dict(regions=dict(ends=[4])))
    with pytest.raises(ValueError, match="'end' is given twice"):
        get_layout(CHAIN | dict(parts=dict(end=[3]), regions=dict(end=[2])))


@pytest.mark.parametrize('name', NAMES)
def test_second_order_by_walking(name):
    layout = get_layout(name)
    for joint, parent in layout.bone_pairs:
        if joint == layout.center or parent == layout.center:
            expected = joint
        else:
            expected = layout.parents[parent]
        assert layout.second_order_parents[joint] == expected


@pytest.mark.parametrize('name', NAMES)
def test_adjacency_and_graph_dict(name):
    # Importable only after this package has patched the host.
    from mmaction.models.utils import Graph

    layout = get_layout(name)
    adjacency = layout.adjacency()
    slow = np.eye(layout.num_joints)
    for child, parent in layout.edges:
        slow[child, parent] = slow[parent, child] = 1
    np.testing.assert_array_equal(adjacency, slow)
    graph = Graph(layout=layout.to_graph_dict(), mode='spatial')
    assert graph.A.shape == (3, layout.num_joints, layout.num_joints)
    if name in ('nturgb+d', 'coco', 'openpose'):
        stock = Graph(layout=name, mode='spatial')
        np.testing.assert_array_equal(graph.A, stock.A)


def test_layout_is_a_value():
    layout = get_layout('coco_new')
    assert get_layout(layout) is layout
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert hash(layout) == hash(get_layout('coco_new'))
    with pytest.raises(AttributeError):
        layout.center = 3


def test_dict_layout():
    layout = get_layout(
        CHAIN | dict(name='rope', left=[1], right=[3], parts=dict(end=[3]))
    )
    assert isinstance(layout, SkeletonLayout)
    assert layout.parents == (0, 0, 1, 2)
    assert layout.second_order_parents == (0, 1, 0, 1)
    assert layout.flip_permutation == (0, 3, 2, 1)
    assert layout.parts == (('end', (3,)),)
    assert get_layout(layout.to_graph_dict()).parents == layout.parents


def test_parents_are_found_whatever_the_direction():
    layout = get_layout(CHAIN | dict(center=2))
    assert layout.parents == (1, 2, 2, 2)


def test_single_joint():
    layout = get_layout(dict(num_node=1, inward=[], center=0))
    assert layout.parents == layout.second_order_parents == (0,)
    assert layout.adjacency().tolist() == [[1.0]]


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match='nturgb'):
        get_layout('ntu')
    with pytest.raises(TypeError, match='list'):
        get_layout([1, 2])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(inward=[[1, 0], [2, 1], [4, 2]]), 'joint 4.*0 to 3'),
        (dict(inward=[[1, 0], [2, 1], [-1, 2]]), 'joint -1'),
        (dict(inward=[[1, 0], [2, 1], [True, 2]]), 'joint True'),
        (dict(inward=[[1, 0], [2, 1]]), r'\[3\] are not connected'),
        (dict(inward=[[1, 0], [2, 3], [3, 2]]), 'not connected'),
        (
            dict(inward=[[1, 0], [2, 1], [3, 2], [0, 3]]),
            'contain a cycle',
        ),
        (dict(inward=[[1, 0], [2, 1], [2, 0], [3, 2]]), 'joint 2 is the ch'),
        (dict(inward=[[1, 0, 2]]), 'an edge is'),
        (dict(center=4), 'center names joint 4'),
        (dict(num_node=0), 'positive'),
        (dict(num_node=2.0), 'positive'),
        (dict(left=[1], right=[]), 'pair up'),
        (dict(left=[1, 2], right=[2, 3]), 'pair up'),
        (dict(left=[9], right=[1]), 'left/right names joint 9'),
        (dict(parents=[0, 0, 1]), '3 parents for 4'),
        (dict(parents=[1, 0, 1, 2]), 'must be its own parent'),
        (dict(parents=[0, 0, 3, 2]), 'joint 2 never reaches'),
        (dict(parts=dict(arm=[7])), "part 'arm' names joint 7"),
        (dict(joint_names=['a']), '1 joint names for 4'),
        (dict(dims=4), 'dims must be 2 or 3'),
        (dict(confidence='sum'), "'mean' or 'mixed'"),
        (dict(edges=[]), r"unknown: \['edges'\]"),
    ],
)
def test_bad_dicts(change, message):
    with pytest.raises(ValueError, match=message):
        get_layout(CHAIN | change)


def test_missing_key():
    with pytest.raises(ValueError, match=r"missing: \['center'\]"):
        get_layout(dict(num_node=1, inward=[]))
