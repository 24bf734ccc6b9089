"""Reading skeleton files: what they hold, and every kind of damage."""

import numpy as np
import pytest

from aclnet_plugin.datasets.converters import BadFile
from aclnet_plugin.datasets.converters.ntu.skeleton_file import parse_skeleton
from tests.raw_skeletons import skeleton_text, standing_body, tracks_text

# Lines of a file whose first frame has two bodies: 1 frames, 2 bodies,
# 3 first body, 4 its joints, 5 to 29, 30 second body, 31, 32 to 56, 57 bodies
# of the second frame, 58 body, 59 joints, 60 to 84.
LAST = 84


def naive_parse(text):
    """Token by token; ``{track: [first frame, poses]}``."""
    tokens = iter(text.split())
    bodies = {}
    present = 0
    for _ in range(int(next(tokens))):
        count = int(next(tokens))
        for _ in range(count):
            track = int(next(tokens))
            for _ in range(9):
                next(tokens)
            pose = []
            for _ in range(int(next(tokens))):
                joint = [next(tokens) for _ in range(12)]
                pose.append([float(v) for v in joint[:3]])
            bodies.setdefault(track, [present, []])[1].append(pose)
        if count:
            present += 1
    assert next(tokens, None) is None
    return bodies


@pytest.fixture
def text():
    rng = np.random.default_rng(0)
    a, b = standing_body(rng, 2), standing_body(rng, 1)
    return tracks_text([([0, 1], a), ([0], b)])


def parse(text):
    return parse_skeleton(text.encode(), 'x.skeleton')


def test_as_the_naive_reader():
    rng = np.random.default_rng(1)
    frames = []
    for _ in range(40):
        tracks = rng.permutation(5)[: rng.integers(0, 4)]
        frames.append([(int(t), standing_body(rng, 1)[0]) for t in tracks])
    frames[0] = []
    frames[7].append(frames[7][0] if frames[7] else (3, frames[8][0][1]))
    text = skeleton_text(frames)
    expected = naive_parse(text)
    for version in (text, text.replace('\n', '\r\n'), text.rstrip()):
        bodies = parse(version)
        assert len(bodies) == len(expected) == 5
        for body, (start, pose) in zip(bodies, expected.values(), strict=True):
            assert body.start == start and body.end == start + len(pose)
            assert body.pose.dtype == np.float32
            np.testing.assert_array_equal(body.pose, np.float32(pose))


def test_more_blanks_between_the_numbers(text):
    spaced = text.replace(' ', '  ')
    for one, two in zip(parse(text), parse(spaced), strict=True):
        np.testing.assert_array_equal(one.pose, two.pose)


def test_nobody():
    assert parse('2\n0\n0\n') == []
    assert parse('0') == []


def change(text, number, new):
    lines = text.splitlines()
    lines[number - 1 : number] = [] if new is None else [new]
    return '\n'.join(lines)


JOINT = '0.1 0.2 3 277 191 1036 519 -0.2 0.05 0.96 -0.1 2'
DAMAGE = [
    (1, 'two', "line 1: expected the number of frames, got 'two'"),
    (1, '-2', "line 1: expected the number of frames, got '-2'"),
    (1, '1', 'line 57: the file should end here'),
    (1, '3', f'ends after line {LAST}, where the number of bodies'),
    (2, '2.5', 'line 2: expected the number of bodies'),
    (2, '-1', 'line 2: expected the number of bodies'),
    (2, '1', "line 30: expected the number of bodies, got '7205"),
    (2, '99999999999', r'line 57: expected a body \(10 numbers\), got 1 val'),
    (3, '7 0 1', r'line 3: expected a body \(10 numbers\), got 3 values'),
    (
        3,
        'x 0 1 1 0 0 0 0 0 2',
        "line 3: expected the number of a body, g.*'x'",
    ),
    (4, '24', 'line 4: a body has 24 joints, expected 25'),
    (4, '', "line 4: expected the number of joints, got ''"),
    (5, JOINT.replace('0.1', 'abc', 1), "line 5: joint 0 has 'abc' as x"),
    (29, JOINT.replace('3', 'nan', 1), "line 29: joint 24 has 'nan' as z"),
    (29, JOINT.replace('3', '3#', 1), "line 29: joint 24 has '3#' as z"),
    (32, JOINT.replace('0.2', 'inf', 1), "line 32: joint 0 has 'inf' as y"),
    (33, JOINT.replace('0.2', '1e30', 1), "line 33: joint 1 has '1e30' as y"),
    (34, JOINT.replace('0.2', '0,2', 1), "line 34: joint 2 has '0,2' as y"),
    (35, JOINT + ' 7', 'line 35: joint 3 has 13 values, expected 12'),
    (35, JOINT[:-2], 'line 35: joint 3 has 11 values, expected 12'),
    (35, '', 'line 35: joint 3 has 0 values, expected 12'),
    (35, '0.1 0.2 # 3', 'line 35: joint 3 has 4 values, expected 12'),
    (28, None, 'line 29: joint 24 has 10 values'),
    (LAST, None, f'ends after line {LAST - 1}, where a joint should follow'),
    (LAST, '0.1 0.2 3 277', f'line {LAST}: joint 24 has 4 values'),
]


@pytest.mark.parametrize(('number', 'new', 'message'), DAMAGE)
def test_damage_is_named_with_its_line(text, number, new, message):
    with pytest.raises(BadFile, match=rf'^x\.skeleton.*({message})'):
        parse(change(text, number, new))


@pytest.mark.parametrize('part', [0, 0.1, 0.5, 0.9, 0.999])
def test_files_that_are_cut_short(text, part):
    with pytest.raises(BadFile, match=r'x\.skeleton'):
        parse(text[: int(len(text) * part)])


def test_bytes_that_are_no_text(text):
    with pytest.raises(BadFile, match='line 1: expected the number of fr'):
        parse_skeleton(bytes(range(256)) * 20, 'x.skeleton')
    content = bytearray(text.encode())
    content[content.index(b' 277.4') - 1] = 0xFF
    with pytest.raises(BadFile, match=r'line 5: joint 0 has .* as z'):
        parse_skeleton(bytes(content), 'x.skeleton')
