"""From joints to pixels."""

import numpy as np
import pytest

from aclnet_plugin.structures import get_layout
from aclnet_plugin.visualization.rendering import Panel, RenderError
from aclnet_plugin.visualization.rendering.geometry import (
    add_virtual_joints,
    to_screen,
    up_of,
)

COCO, NTU = get_layout('coco'), get_layout('nturgb+d')


def test_images_have_y_downwards_and_kinect_upwards():
    pose = np.ones((1, 1, 17, 2))
    pose[..., 0, 1] = 9
    points = to_screen(Panel(pose, COCO), 100, 100).points[0, 0]
    assert points[0, 1] > points[1, 1]
    solid = np.ones((1, 1, 25, 3))
    solid[..., 0, 1] = 9
    points = to_screen(Panel(solid, NTU), 100, 100).points[0, 0]
    assert points[0, 1] < points[1, 1]


def test_all_frames_fit_with_one_scale():
    rng = np.random.default_rng(0)
    pose = rng.normal(size=(2, 9, 25, 3)) * 50
    points = to_screen(Panel(pose, NTU), 200, 120, 35, 20).points
    assert points.min() >= 0
    assert points[..., 0].max() <= 200 and points[..., 1].max() <= 120
    flat = to_screen(Panel(pose, NTU), 200, 120).points
    scale = np.ptp(flat[..., 0]) / np.ptp(pose[..., 0])
    assert scale == pytest.approx(np.ptp(flat[..., 1]) / np.ptp(pose[..., 1]))


def test_a_quarter_turn_shows_the_depth():
    pose = np.ones((1, 1, 25, 3))
    pose[0, 0, :, 2] = np.arange(25)
    pose[0, 0, :, 1] = np.arange(25)
    front = to_screen(Panel(pose, NTU), 100, 100).points
    side = to_screen(Panel(pose, NTU), 100, 100, azimuth=90).points
    assert np.ptp(front[..., 0]) < 1e-6 < 50 < np.ptp(side[..., 0])


def test_missing_joints_do_not_count():
    pose = np.full((1, 2, 17, 2), 50.0) + np.arange(17)[:, None]
    pose[0, 0, 3] = 0
    pose[0, 1] = 0
    screen = to_screen(Panel(pose, COCO), 100, 100)
    assert not screen.visible[0, 0, 3] and not screen.visible[0, 1].any()
    assert screen.visible[0, 0].sum() == 16
    # Otherwise the figure would be small in a corner.
    shown = screen.points[screen.visible]
    assert np.ptp(shown, 0).max() > 80


def test_followed_walkers_stay_in_the_middle():
    pose = np.ones((1, 9, 17, 2)) + np.random.default_rng(0).random((17, 2))
    pose[..., 0] += 30 * np.arange(9)[:, None]
    screen = to_screen(Panel(pose, COCO), 100, 100, follow=True)
    x = screen.points[0, ..., 0]
    np.testing.assert_allclose(x.min(1) + x.max(1), 100)


def test_virtual_joints_are_means_of_what_is_seen():
    layout = get_layout('coco_new')
    pose = np.arange(1, 35, dtype=float).reshape(1, 1, 17, 2)
    whole = add_virtual_joints(pose, layout)
    assert whole.shape == (1, 1, 20, 2)
    np.testing.assert_allclose(whole[0, 0, 17], pose[0, 0, [11, 12]].mean(0))
    middle = whole[0, 0, [17, 19]].mean(0)
    np.testing.assert_allclose(whole[0, 0, 18], middle)
    pose[0, 0, 5] = 0
    whole = add_virtual_joints(pose, layout)
    assert not whole[0, 0, [18, 19]].any() and whole[0, 0, 17].all()
    assert add_virtual_joints(whole, layout) is whole


def test_the_axis_that_points_up():
    assert up_of(COCO, None) == '-y' and up_of(NTU, None) == 'y'
    assert up_of(NTU, 'z') == 'z'
    with pytest.raises(RenderError, match='nothing says which axis'):
        up_of(get_layout('openpose14'), None)
    with pytest.raises(RenderError, match="up='z' is unknown for 2"):
        up_of(COCO, 'z')
    with pytest.raises(RenderError, match="up='x'"):
        up_of(NTU, 'x')


@pytest.mark.parametrize(
    ('shape', 'said'),
    [
        ((1, 2, 16, 2), '16 joints'),
        ((2, 17, 2), 'persons, frames'),
        ((0, 2, 17, 2), 'persons, frames'),
        ((1, 2, 25, 2), '3D'),
    ],
)
def test_what_cannot_be_drawn(shape, said):
    layout = NTU if shape[2:3] == (25,) else COCO
    with pytest.raises(RenderError, match=said):
        Panel(np.ones(shape), layout)
