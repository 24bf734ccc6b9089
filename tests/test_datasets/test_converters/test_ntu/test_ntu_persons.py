"""The choice of persons against a loop over frames, joints and bodies."""

from statistics import fmean

import numpy as np
import pytest

from aclnet_plugin.datasets.converters.ntu.persons import arrange_persons
from aclnet_plugin.datasets.converters.ntu.skeleton_file import Body
from tests.raw_skeletons import standing_body


def naive_motion(frames):
    total = 0.0
    for axis in range(3):
        values = [float(joint[axis]) for pose in frames for joint in pose]
        mean = fmean(values)
        total += fmean([(value - mean) ** 2 for value in values])
    return total


def naive_persons(bodies):
    """The recipe, step by step; person -> frame -> pose or ``None``."""
    entries = [
        dict(
            start=body.start,
            end=body.start + len(body.pose),
            pose=body.pose,
            motion=naive_motion(body.pose),
        )
        for body in bodies
    ]
    entries = sorted(entries, key=lambda entry: -entry['motion'])
    if len(entries) == 1:
        return [list(entries[0]['pose'])]
    entries = [entry for entry in entries if len(entry['pose']) > 11]
    if len(entries) == 1:
        return [list(entries[0]['pose'])]
    persons = []
    for entry in entries:
        upright = []
        for pose in entry['pose']:
            x = [float(joint[0]) for joint in pose]
            y = [float(joint[1]) for joint in pose]
            if max(x) - min(x) <= 0.8 * (max(y) - min(y)):
                upright.append(pose)
        if 1 - len(upright) / len(entry['pose']) >= 0.69754:
            continue
        if len(upright) < len(entry['pose']):
            entry['motion'] = min(entry['motion'], naive_motion(upright))
        persons.append(entry)
    persons = sorted(persons, key=lambda entry: -entry['motion'])
    if len(persons) == 1:
        return [list(persons[0]['pose'])]
    length = max(entry['end'] for entry in persons)
    tracks = [[None] * length, [None] * length]
    spans = [None, [0, 0]]
    for entry in persons:
        for track, span in zip(tracks, spans, strict=True):
            if span and max(span[0], entry['start']) < min(
                span[1], entry['end']
            ):
                continue
            for index, pose in enumerate(entry['pose']):
                track[entry['start'] + index] = pose
            if span is None:
                spans[0] = [entry['start'], entry['end']]
            else:
                span[0] = min(span[0], entry['start'])
                span[1] = max(span[1], entry['end'])
            break
    while tracks[0][0] is None and tracks[1][0] is None:
        tracks = [track[1:] for track in tracks]
    while tracks[0][-1] is None and tracks[1][-1] is None:
        tracks = [track[:-1] for track in tracks]
    if tracks[0][0] is None:
        tracks = tracks[::-1]
    return tracks


def check(bodies):
    expected = naive_persons(bodies)
    found = arrange_persons(bodies)
    assert found.shape == (len(expected), len(expected[0]), 25, 3)
    assert found.dtype == np.float32
    for person, track in enumerate(expected):
        for frame, pose in enumerate(track):
            wanted = np.zeros((25, 3)) if pose is None else pose
            np.testing.assert_array_equal(found[person, frame], wanted)
    return found


def noise_body(rng, frames, share=1.0):
    """Wide as a table in a share of the frames."""
    pose = standing_body(rng, frames)
    wide = rng.permutation(frames) < share * frames
    pose[wide, :, 0] = 3 * pose[wide, :, 1]
    return pose


def body(start, pose):
    return Body(start, np.float32(pose))


@pytest.mark.parametrize('seed', range(40))
def test_as_the_naive_recipe(seed):
    rng = np.random.default_rng(seed)
    first = [body(rng.integers(0, 3), standing_body(rng, 30, 0.5))]
    for _ in range(rng.integers(0, 6)):
        start, length = rng.integers(0, 40), rng.integers(1, 40)
        share = rng.choice([0, 0.3, 0.69, 0.71, 1])
        pose = noise_body(rng, length, share) * rng.choice([0.8, 1, 1.2])
        first.append(body(start, pose))
    rng.shuffle(first)
    check(first)


def test_one_body_is_taken_as_it_is():
    rng = np.random.default_rng(0)
    pose = noise_body(rng, 3)
    np.testing.assert_array_equal(check([body(5, pose)])[0], np.float32(pose))


@pytest.mark.parametrize(('length', 'persons'), [(11, 1), (12, 2)])
def test_short_bodies_are_noise(length, persons):
    rng = np.random.default_rng(0)
    long = body(0, standing_body(rng, 20))
    assert len(check([long, body(4, standing_body(rng, length))])) == persons


@pytest.mark.parametrize(('wide', 'persons'), [(69, 2), (70, 1)])
def test_wide_bodies_are_noise(wide, persons):
    rng = np.random.default_rng(0)
    other = noise_body(rng, 100, wide / 100)
    assert len(check([body(0, standing_body(rng, 100)), body(0, other)])) == (
        persons
    )


@pytest.mark.parametrize(('ratio', 'persons'), [(0.79, 2), (0.81, 1)])
def test_how_wide_a_person_may_be(ratio, persons):
    rng = np.random.default_rng(0)
    pose = standing_body(rng, 20)
    pose[..., 0] = ratio * pose[..., 1]
    assert len(check([body(0, standing_body(rng, 20)), body(0, pose)])) == (
        persons
    )


def test_frames_that_are_left_out_never_add_motion():
    rng = np.random.default_rng(0)
    upright = standing_body(rng, 20)
    # The wide frames are small, so that all frames vary less than the rest.
    wide = 0.01 * noise_body(rng, 20) + upright.mean(axis=(0, 1))
    mixed = np.concatenate([upright, wide])
    between = 0.9 * upright
    found = check([body(0, mixed), body(0, between)])
    np.testing.assert_array_equal(found[0, :20], np.float32(between))


def test_equal_motion_is_ordered_by_that_of_all_frames():
    rng = np.random.default_rng(0)
    upright = standing_body(rng, 20)
    mixed = np.concatenate([upright, 5 * noise_body(rng, 10)])
    found = check([body(0, upright), body(0, mixed)])
    np.testing.assert_array_equal(found[0], np.float32(mixed))


def test_the_one_who_moves_more_is_the_first():
    rng = np.random.default_rng(0)
    still, moving = standing_body(rng, 30, 0.01), standing_body(rng, 30, 2)
    for order in ([still, moving], [moving, still]):
        found = check([body(0, pose) for pose in order])
        np.testing.assert_array_equal(found[0], np.float32(moving))


def test_equal_motion_keeps_the_order_of_appearance():
    rng = np.random.default_rng(0)
    pose = standing_body(rng, 20)
    mirrored = pose * (-1, 1, 1)
    found = check([body(0, pose), body(0, mirrored)])
    np.testing.assert_array_equal(found[0], np.float32(pose))


def test_a_person_who_was_lost_is_found_again():
    rng = np.random.default_rng(3)
    pose = standing_body(rng, 60)
    parts = [body(0, pose[:30]), body(30, pose[30:])]
    still = np.broadcast_to(0.5 * pose[:1], pose.shape)
    found = check([body(0, still), *parts])
    np.testing.assert_array_equal(found[0], np.float32(pose))


def test_the_third_at_once_is_left_out():
    rng = np.random.default_rng(0)
    three = [body(0, standing_body(rng, 20, m)) for m in (3, 2, 0.1)]
    found = check(three)
    np.testing.assert_array_equal(found[1], three[1].pose)


def test_the_first_frame_has_a_first_person():
    rng = np.random.default_rng(0)
    late, early = standing_body(rng, 30, 3), standing_body(rng, 40, 0.01)
    found = check([body(10, late), body(0, early)])
    np.testing.assert_array_equal(found[0], np.float32(early))
    assert not found[1, :10].any() and found[1, 10:].any()


def test_empty_ends_are_cut_off():
    rng = np.random.default_rng(0)
    zero = np.zeros((5, 25, 3))
    poses = [
        np.concatenate([zero, standing_body(rng, 20), zero]) for _ in 'ab'
    ]
    found = arrange_persons([body(2, pose) for pose in poses])
    assert found.shape == (2, 20, 25, 3) and found[:, [0, -1]].any()


def test_nobody_left():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match='no body in any frame'):
        arrange_persons([])
    short = [body(i, standing_body(rng, 5)) for i in range(3)]
    with pytest.raises(ValueError, match='in 12 frames'):
        arrange_persons(short)
    wide = [body(0, noise_body(rng, 20)) for _ in range(2)]
    with pytest.raises(ValueError, match='look like noise'):
        arrange_persons(wide)
    with pytest.raises(ValueError, match='all coordinates are 0'):
        arrange_persons([body(0, np.zeros((20, 25, 3)))] * 2)
