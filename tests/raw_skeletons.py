"""Made-up files in the formats of NTU RGB+D and PKU-MMD."""

import numpy as np

from tests.scripts import ROOT, load_script

# Spelt as in the published files, in two pieces for the spelling checker.
VALIDATION = 'Validat' + 'aion videos: '
TOOLS = ROOT / 'tools' / 'data'


def load_tool(name):
    """Import a script of ``tools/data``."""
    return load_script(f'tools/data/{name}.py')


def standing_body(rng, frames, moves=0.3):
    """``(T, 25, 3)``, upright in most frames, four decimals."""
    pose = rng.normal(size=(1, 25, 3)) * (0.15, 0.6, 0.1) + (0, 0, 3)
    path = np.cumsum(rng.normal(scale=moves / 10, size=(frames, 1, 3)), axis=0)
    return (pose + path).round(4)


def skeleton_text(frames):
    """Text of a ``.skeleton`` file.

    Args:
        frames: For each frame a list of (number of the track, pose (25, 3)).
    """
    lines = [len(frames)]
    for bodies in frames:
        lines.append(len(bodies))
        for track, pose in bodies:
            lines.append(f'{track} 0 1 1 0 0 0 0.02 -0.2 2')
            lines.append(25)
            # Places in the images need not be finite.
            lines += [
                f'{x:g} {y:g} {z:g} 277.4 191.8 -1.#INF -inf -0.2 0.05 0.96 '
                '-0.1 2'
                for x, y, z in pose
            ]
    return '\n'.join(map(str, lines)) + '\n'


def tracks_text(tracks, frames=None):
    """Text of a ``.skeleton`` file with bodies at known frames.

    Args:
        tracks: Pairs of (frames of the body, pose (T, 25, 3)).
        frames: Number of frames. Defaults to what the bodies need.
    """
    total = frames or max(max(places) for places, _ in tracks) + 1
    content = [[] for _ in range(total)]
    for number, (places, pose) in enumerate(tracks):
        for place, one in zip(places, pose, strict=True):
            content[place].append((72057594037900000 + number, one))
    return skeleton_text(content)


def video_text(frames):
    """Text of a skeleton file of PKU-MMD, from ``(T, 2, 25, 3)``."""
    return ''.join(
        ' ' + ' '.join(f'{v:.6f}' for v in frame.reshape(-1)) + '\n'
        for frame in frames
    )


def assert_same_annotations(one, two):
    """Compare two annotation dicts, arrays included."""
    assert one['split'] == two['split']
    assert one['classes'] == two['classes']
    for a, b in zip(one['annotations'], two['annotations'], strict=True):
        assert a['keypoint'].dtype == b['keypoint'].dtype
        np.testing.assert_array_equal(a['keypoint'], b['keypoint'])
        assert a | {'keypoint': 0} == b | {'keypoint': 0}
