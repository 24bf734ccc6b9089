import numpy as np
import pytest

from aclnet_plugin.structures import get_layout
from aclnet_plugin.visualization.figure import new_figure
from aclnet_plugin.visualization.skeleton_plot import (
    SIDE_COLOURS,
    bones_of,
    draw_skeleton,
    pose_limits,
    project_pose,
    segments_of,
    visible_joints,
    widest_azimuth,
)


def test_projection_of_images_and_of_space():
    pixels = np.array([[3.0, 5.0, 0.9]])  # with a score
    assert project_pose(pixels, 2).tolist() == [[3, -5]]
    point = np.array([[1.0, 2.0, 3.0]])
    assert project_pose(point).tolist() == [[1, 2]]
    assert project_pose(point, up='-y').tolist() == [[1, -2]]
    assert project_pose(point, up='z').tolist() == [[1, 3]]
    np.testing.assert_allclose(project_pose(point, azimuth=90), [[3, 2]])
    np.testing.assert_allclose(project_pose(point, elevation=90), [[1, 3]])


def test_projection_keeps_leading_axes_and_dtype_of_half():
    points = np.ones((2, 4, 5, 3), np.float16)
    made = project_pose(points)
    assert made.shape == (2, 4, 5, 2) and made.dtype == np.float64


@pytest.mark.parametrize(
    'points, options',
    [
        (np.ones((4, 1)), {}),
        (np.ones(3), {}),
        (np.ones((4, 2)), {'dims': 3}),
        (np.ones((4, 3)), {'up': 'x'}),
        (np.ones((4, 2)), {'up': 'z'}),
    ],
)
def test_what_cannot_be_projected(points, options):
    with pytest.raises(ValueError):
        project_pose(points, **options)


def test_missing_joints():
    points = np.array([[0, 0, 0.9], [0, 1, 0.9], [np.nan, 1, 0.9]])
    assert visible_joints(points, 2).tolist() == [False, True, False]
    assert visible_joints(points).tolist() == [True, True, False]


def test_segments_leave_out_bones_to_missing_joints():
    layout = get_layout('coco')
    bones = bones_of(layout)
    assert len(bones) == 16
    pose = np.arange(34.0).reshape(17, 2)
    segments, kept = segments_of(pose, bones)
    assert segments.shape == (16, 2, 2) and len(kept) == 16
    visible = np.ones(17, bool)
    visible[15] = False  # an ankle, the end of one bone
    segments, kept = segments_of(pose, bones, visible)
    assert len(segments) == 15 and 0 not in kept.tolist()


def test_limits_hold_what_is_visible():
    pose = np.array([[0.0, 0], [10, 4], [999, 999], [np.nan, 0]])
    visible = np.array([True, True, False, True])
    assert pose_limits(pose, visible, 0.1) == (-1, 11, -1, 5)
    assert pose_limits(pose, np.zeros(4, bool)) == (-1, 1, -1, 1)


@pytest.mark.parametrize('angle', [-80, -30, 0, 45, 90])
def test_the_widest_turn_undoes_a_turn(angle):
    body = np.zeros((9, 3))
    body[:, 0] = np.linspace(-1, 1, 9)  # as wide as it can be
    turn = np.radians(angle)
    turned = np.stack(
        [body[:, 0] * np.cos(turn), body[:, 1], body[:, 0] * np.sin(turn)], 1
    )
    width = np.ptp(project_pose(turned, azimuth=widest_azimuth(turned))[:, 0])
    assert width == pytest.approx(2)
    other = turned[:, [0, 2, 1]]
    found = widest_azimuth(other, 'z')
    width = np.ptp(project_pose(other, azimuth=found, up='z')[:, 0])
    assert width == pytest.approx(2)


def test_bones_are_drawn_in_the_colours_of_their_sides():
    layout = get_layout('nturgb+d')
    pose = np.random.default_rng(0).normal(size=(25, 2))
    axes = new_figure(2, 2).add_axes((0, 0, 1, 1))
    draw_skeleton(axes, pose, layout)
    draw_skeleton(axes, pose, layout, np.zeros(25, bool), 'red')
    both = axes.collections
    assert len(both[0].get_segments()) == 24
    assert len(np.unique(both[0].get_edgecolor(), axis=0)) == len(SIDE_COLOURS)
    assert not both[1].get_segments()
