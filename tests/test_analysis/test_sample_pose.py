import numpy as np
import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sample_pose import pose_of_sample, rest_pose
from aclnet_plugin.structures import get_layout


def test_the_person_seen_longest_is_taken():
    layout = get_layout('nturgb+d')
    keypoint = np.ones((2, 6, 25, 3), np.float16)
    keypoint[0, 1:] = 0
    keypoint[1, 4, 3] = 0
    keypoint[1] *= 2
    sample = {'frame_dir': 'a1', 'keypoint': keypoint}
    pose = pose_of_sample(sample, layout, 4)
    assert pose.where == 'a1, frame 4'
    assert pose.points[0].tolist() == [2, 2, 2]
    assert np.flatnonzero(~pose.visible).tolist() == [3]
    with pytest.raises(AnalysisError, match='frames 0 to 5'):
        pose_of_sample(sample, layout, 6)


def test_virtual_joints_are_made_and_the_sample_stays():
    layout = get_layout('coco_new')
    keypoint = np.random.default_rng(0).uniform(1, 9, (1, 3, 17, 2))
    sample = {'frame_dir': 'a', 'keypoint': keypoint}
    sample['keypoint_score'] = np.ones((1, 3, 17))
    pose = pose_of_sample(sample, layout)
    assert pose.points.shape == (20, 2) and pose.visible.all()
    frame = int(pose.where.split()[-1])
    mean = keypoint[0, frame, [11, 12]].mean(0)
    np.testing.assert_allclose(pose.points[17], mean, rtol=1e-6)
    assert 'keypoint_score' in sample


@pytest.mark.parametrize('keypoint', [None, np.ones((3, 17, 2)), 'x'])
def test_samples_without_poses(keypoint):
    with pytest.raises(AnalysisError, match='--pose rest'):
        pose_of_sample({'keypoint': keypoint}, get_layout('coco'))
    with pytest.raises(AnalysisError, match='has 9 joints'):
        sample = {'keypoint': np.ones((1, 2, 9, 2))}
        pose_of_sample(sample, get_layout('coco'))


@pytest.mark.parametrize('name', ['nturgb+d', 'kinect_v1'])
def test_rest_pose_stands_upright(name):
    layout = get_layout(name)
    pose = rest_pose(layout)
    height = dict(zip(layout.joint_names, pose.points[:, 1], strict=True))
    assert height['head'] > height['left_hip'] > height['left_knee']
    assert height['left_knee'] > height['left_foot']
    left = pose.points[list(layout.left)]
    right = pose.points[list(layout.right)]
    np.testing.assert_allclose(left * (-1, 1, 1), right)


def test_rest_pose_of_an_unknown_layout():
    with pytest.raises(AnalysisError, match='draw a sample'):
        rest_pose(get_layout('coco'))
