"""Files with moving skeletons."""

import cv2
import numpy as np
import pytest
from PIL import Image

from aclnet_plugin.structures import get_layout
from aclnet_plugin.visualization.rendering import (
    Panel,
    RenderError,
    RenderStyle,
    render,
)
from aclnet_plugin.visualization.rendering.frames import moving, strip
from aclnet_plugin.visualization.rendering.palette import (
    CLASSES,
    FIELD,
    INK,
    all_colours,
    shades,
)
from aclnet_plugin.visualization.rendering.panel import Span
from aclnet_plugin.visualization.rendering.text import fitted, text_width

COCO = get_layout('coco')
VIEW = {'azimuth': 0.0, 'elevation': 0.0, 'up': None}


def pose_of(persons=1, frames=6, seed=0):
    rng = np.random.default_rng(seed)
    pose = rng.uniform(10, 200, (persons, 1, 17, 2))
    drift = np.linspace(0, 60, frames)[None, :, None, None]
    return (pose + drift).astype(np.float32)


@pytest.fixture
def panel():
    spans = [Span(0, 3, 'drink', 0.8), Span(3, 6, 'eat', 0.6)]
    return Panel(
        pose_of(2), COCO, 'drink', 'a', [('drink', 0.75), ('eat', 0.25)], spans
    )


def count(image, colour):
    return int((image == np.array(colour, np.uint8)).all(-1).sum())


def test_persons_have_colours_and_sides(panel):
    image = next(moving([panel], 200, VIEW))
    for person in (0, 1):
        for colour in shades(person).values():
            assert count(image, colour) > 5
    assert image.shape[0] % 2 == image.shape[1] % 2 == 0


def test_missing_joints_and_persons_are_not_drawn():
    pose = pose_of(2, 3)
    pose[1, 1] = 0
    pose[0, 2] = 0
    first, second, third = moving([Panel(pose, COCO)], 200, VIEW)
    assert count(first, shades(1)['left']) and count(first, shades(0)['left'])
    assert not count(second, shades(1)['left'])
    assert count(second, shades(0)['left'])
    assert not count(third, shades(0)['left'])
    # One joint fewer takes its circle and its bones away.
    pose = pose_of(1, 2)
    pose[0, 1, 9] = 0
    whole, part = moving([Panel(pose, COCO)], 200, VIEW)
    assert count(part, FIELD) > count(whole, FIELD)


def test_the_bar_shows_segments_and_the_moment(panel):
    frames = list(moving([panel], 200, VIEW))
    below = [frame[-50:] for frame in frames]
    for colour in CLASSES[:2]:
        widths = [count(image, colour) for image in below]
        assert min(widths) > 500
    cursors = [np.argwhere((f == INK).all(-1))[:, 1] for f in below]
    # The mark moves on, and the words below change with the segment.
    assert not np.array_equal(below[0], below[1])
    assert not np.array_equal(below[1][-18:], below[4][-18:])
    assert all(len(mark) for mark in cursors)


def test_scores_are_bars(panel):
    image = next(moving([panel], 300, VIEW))
    quiet = next(moving([Panel(pose_of(2), COCO, 'drink', 'a')], 300, VIEW))
    assert image.shape[0] > quiet.shape[0]


def test_shorter_panels_begin_again():
    short, long = pose_of(1, 2, 0), pose_of(1, 5, 1)
    frames = list(moving([Panel(short, COCO), Panel(long, COCO)], 100, VIEW))
    assert len(frames) == 5
    left = [frame[:, :100] for frame in frames]
    np.testing.assert_array_equal(left[0], left[2])
    assert not np.array_equal(left[0], left[1])


def test_gif(panel, tmp_path):
    path = render(panel, tmp_path / 'deep' / 'a.gif', RenderStyle(fps=20))
    with Image.open(path) as image:
        assert image.n_frames == 6 and image.info['loop'] == 0
        assert image.info['duration'] == 50
        image.seek(3)
        found = np.asarray(image.convert('RGB'))
    wanted = list(moving([panel], 360, VIEW))[3]
    # The second person has her colour, though 256 have to do.
    assert count(found, shades(1)['right']) > 20
    difference = np.abs(found.astype(int) - wanted)
    assert difference.mean() < 1


def test_long_gifs_leave_frames_out_and_keep_their_speed(tmp_path):
    panel = Panel(pose_of(1, 700), COCO)
    render(panel, tmp_path / 'a.gif', RenderStyle(size=80))
    with Image.open(tmp_path / 'a.gif') as image:
        assert image.n_frames == 234
        assert image.info['duration'] == 100


def test_mp4(panel, tmp_path):
    path = render(panel, tmp_path / 'a.mp4', RenderStyle(fps=12))
    film = cv2.VideoCapture(str(path))
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(12)
    frames = 0
    while True:
        more, _ = film.read()
        if not more:
            break
        frames += 1
    assert frames == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.mp4']
    render(panel, path, RenderStyle(fps=12, step=2))
    film = cv2.VideoCapture(str(path))
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(6)


def test_strip(panel, tmp_path):
    path = render(panel, tmp_path / 'a.png', RenderStyle(columns=4))
    with Image.open(path) as image:
        assert image.size[0] == 4 * 144
    one = strip([panel], 100, VIEW, 3)
    two = strip([panel, panel], 100, VIEW, 3)
    assert two.shape[0] == 2 * one.shape[0]
    np.testing.assert_array_equal(two[: len(one)], one)
    # Of three frames all are shown once.
    assert strip([Panel(pose_of(1, 3), COCO)], 150, VIEW, 9).shape[1] == 450


def test_files_are_replaced_whole(panel, tmp_path):
    path = tmp_path / 'a.gif'
    path.write_bytes(b'old')
    broken = RenderStyle(up='z')
    with pytest.raises(RenderError):
        render(panel, path, broken)
    assert path.read_bytes() == b'old'
    render(panel, path)
    assert path.read_bytes()[:3] == b'GIF'


def test_wrong_arguments(panel, tmp_path):
    with pytest.raises(RenderError, match='must end in'):
        render(panel, tmp_path / 'a.bmp')
    with pytest.raises(RenderError, match='no panel'):
        render([], tmp_path / 'a.gif')
    for wrong in (dict(fps=0), dict(size=3), dict(step=0), dict(columns=0)):
        with pytest.raises(RenderError, match=next(iter(wrong))):
            RenderStyle(**wrong)


def test_long_words_are_cut():
    text = fitted('a class with quite a long name', 100, 14)
    assert text.endswith('…') and text_width(text, 14) <= 100
    assert fitted('short', 100, 14) == 'short'


def test_one_palette_is_enough():
    assert len(all_colours()) <= 256
    solid = {INK, FIELD, *CLASSES, *shades(0).values(), *shades(5).values()}
    assert solid <= set(all_colours())
