"""Made-up files of CASIA-B, and what should come out of them."""

import numpy as np

from aclnet_plugin.utils.safe_pickle import atomic_dump

JOINTS = (
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear',
    'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
    'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee',
    'right_knee', 'left_ankle', 'right_ankle',
)  # fmt: skip
HEADER = 'image_name,' + ','.join(
    f'{joint}_{channel}' for joint in JOINTS for channel in ('x', 'y', 'conf')
)
WALKS = [
    f'{subject:03d}-{walk}-{view:03d}'
    for subject in (1, 63, 124)
    for walk in ('bg-01', 'cl-02', 'nm-01', 'nm-05')
    for view in (0, 90)
]


def pose_of(name, frames=None):
    """``(T, 17, 3)`` float32 of a walk, always the same."""
    place = WALKS.index(name)
    rng = np.random.default_rng(place)
    pose = rng.uniform(0, 1, (frames or 58 + place, 17, 3))
    return np.float32(pose * (319, 239, 1))


def frames_of(name):
    """Numbers of the frames, with a gap."""
    frames = np.arange(3, 3 + len(pose_of(name)))
    frames[10:] += 5
    return frames


def row(name, frame, pose, ending='.jpg'):
    """A row of a table."""
    numbers = ','.join(repr(float(v)) for v in pose.reshape(-1))
    return f'./{name}/{frame:06d}{ending},{numbers}'


def rows_of(name):
    """The rows of a walk, in the order of its frames."""
    pairs = zip(frames_of(name), pose_of(name), strict=True)
    return [row(name, frame, pose) for frame, pose in pairs]


def table_of(names=WALKS):
    """Lines of a table, of which the first is the header."""
    return [HEADER, *(line for name in names for line in rows_of(name))]


def write_table(path, lines):
    """Write lines; returns the path."""
    path.write_text('\n'.join(lines) + '\n')
    return path


def folder_of(root, name):
    """Where the pickle of a walk is."""
    subject, condition, seq, view = name.split('-')
    return root / subject / f'{condition}-{seq}' / view / f'{view}.pkl'


def write_folder(root, names=WALKS):
    """A pickle for each walk; every other one holds a list."""
    for place, name in enumerate(names):
        pose = pose_of(name)
        content = list(pose) if place % 2 else pose
        atomic_dump(content, folder_of(root, name))
    (root / 'mapping.txt').write_text('is ignored')
    return root


PERSONS = dict(
    train=[3, 3, 7, 7, 7, 20], nm=[21, 4, 4], bg=[4, 21], cl=[21, 4]
)
"""Who is in the windows of each part."""


def part_folder(root, part):
    """Folder of a part."""
    if part == 'train':
        return root / 'CASIA_B_train_npy_data'
    return root / 'CASIA_B_test_npy_data' / part


def windows_of(part, length=40):
    """``(N, F, 14, 3)`` of a part, always the same."""
    rng = np.random.default_rng(list(PERSONS).index(part))
    return rng.normal(size=(len(PERSONS[part]), length, 14, 3))


def write_windows(root, length=40):
    """All files of one length, in the shapes that have been seen."""
    for part, persons in PERSONS.items():
        folder = part_folder(root, part)
        folder.mkdir(parents=True, exist_ok=True)
        prefix = 'source' if part == 'train' else 't_source'
        for axis, values in zip(
            'xyz', np.moveaxis(windows_of(part, length), -1, 0), strict=True
        ):
            shape = (-1,) if axis == 'y' else (len(persons), -1)
            np.save(
                folder / f'{prefix}_{axis}_CASIA_B_{length}.npy',
                values.reshape(shape),
            )
        ids = np.array(persons, float if part == 'nm' else int)
        np.save(folder / f'frame_id_CASIA_B_{length}.npy', ids)
        # A dictionary, which nobody may open.
        (folder / f'ids_CASIA_B_{length}.npy').write_bytes(b'never read')
    return root
