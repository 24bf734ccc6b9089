"""The joint tables of the known skeleton layouts.

Every number that says which joint is which lives in this file and nowhere
else. Joints are 0-based. ``parents[v]`` is the joint at the other end of the
bone of joint ``v``; the root is its own parent. ``edges`` are the graph
edges ``(child, parent)`` and follow from ``parents`` unless listed.

Notes:
    * ``nturgb+d``: hand tip and thumb hang from the hand in the graph, while
      their bones run from the hand tip (21, 23) to the thumb (22, 24).
    * ``coco``: the graph connects hips with shoulders, while the bones of
      hips and shoulders both end at the nose, as in MMAction2.
    * ``coco_new``: COCO with three virtual joints, pelvis (17), mid spine
      (18) and neck (19).
    * ``openpose``: the bones point to the neck, the centre of the graph.
      (MMAction2's own bones of this layout end at the nose.)
    * ``openpose14``: ``openpose`` without the face, with the hips at the
      neck, in three dimensions; skeletons lifted from OpenPose for person
      re-identification.
    * ``openpose14_2d``: the same joints in an image, as made of those of
      COCO.

``regions`` are what an occlusion test hides besides the arms. For
``nturgb+d`` they are those that studies of incomplete skeletons use: of the
hands only tips and thumbs, and as trunk all that is neither arm nor leg, the
head included. The other layouts follow: hands are their outermost joints;
``coco`` has no joint of a spine, so what is left of it is the head.
"""

_COCO_NAMES = (
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear',
    'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
    'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee',
    'right_knee', 'left_ankle', 'right_ankle',
)  # fmt: skip
_COCO_PARTS = (
    ('left_arm', (5, 7, 9)),
    ('left_leg', (11, 13, 15)),
    ('right_arm', (6, 8, 10)),
    ('right_leg', (12, 14, 16)),
)
_COCO_REGIONS = (
    ('two_hands', (9, 10)),
    ('two_legs', (11, 12, 13, 14, 15, 16)),
)
_COCO_HEAD = (0, 1, 2, 3, 4)
_COCO_LEFT = (1, 3, 5, 7, 9, 11, 13, 15)
_COCO_RIGHT = (2, 4, 6, 8, 10, 12, 14, 16)

NTURGBD = dict(
    name='nturgb+d',
    num_joints=25,
    center=20,
    dims=3,
    parents=(1, 20, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0,
             12, 13, 14, 0, 16, 17, 18, 20, 22, 7, 24, 11),
    edges=((0, 1), (1, 20), (2, 20), (3, 2), (4, 20), (5, 4), (6, 5), (7, 6),
           (8, 20), (9, 8), (10, 9), (11, 10), (12, 0), (13, 12), (14, 13),
           (15, 14), (16, 0), (17, 16), (18, 17), (19, 18), (21, 7), (22, 7),
           (23, 11), (24, 11)),
    left=(4, 5, 6, 7, 12, 13, 14, 15, 21, 22),
    right=(8, 9, 10, 11, 16, 17, 18, 19, 23, 24),
    parts=(
        ('left_arm', (4, 5, 6, 7, 21, 22)),
        ('left_leg', (12, 13, 14, 15)),
        ('right_arm', (8, 9, 10, 11, 23, 24)),
        ('right_leg', (16, 17, 18, 19)),
    ),
    regions=(
        ('two_hands', (21, 22, 23, 24)),
        ('two_legs', (12, 13, 14, 15, 16, 17, 18, 19)),
        ('trunk', (0, 1, 2, 3, 20)),
    ),
    joint_names=(
        'spine_base', 'spine_middle', 'neck', 'head',
        'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
        'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
        'left_hip', 'left_knee', 'left_ankle', 'left_foot',
        'right_hip', 'right_knee', 'right_ankle', 'right_foot',
        'spine_shoulder', 'left_hand_tip', 'left_thumb',
        'right_hand_tip', 'right_thumb',
    ),
)  # fmt: skip

COCO = dict(
    name='coco',
    num_joints=17,
    center=0,
    dims=2,
    parents=(0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12, 13, 14),
    edges=((15, 13), (13, 11), (16, 14), (14, 12), (11, 5), (12, 6), (9, 7),
           (7, 5), (10, 8), (8, 6), (5, 0), (6, 0), (1, 0), (3, 1), (2, 0),
           (4, 2)),
    left=_COCO_LEFT,
    right=_COCO_RIGHT,
    parts=_COCO_PARTS,
    regions=(*_COCO_REGIONS, ('head', _COCO_HEAD)),
    joint_names=_COCO_NAMES,
)  # fmt: skip

COCO_NEW = dict(
    name='coco_new',
    num_joints=20,
    center=19,
    dims=2,
    parents=(19, 0, 0, 1, 2, 19, 19, 5, 6, 7, 8, 17, 17, 11, 12, 13, 14, 18,
             19, 19),
    left=_COCO_LEFT,
    right=_COCO_RIGHT,
    parts=_COCO_PARTS,
    regions=(*_COCO_REGIONS, ('trunk', (*_COCO_HEAD, 17, 18, 19))),
    joint_names=(*_COCO_NAMES, 'pelvis', 'mid_spine', 'neck'),
    # In the order of computation: the mid spine needs the other two.
    virtual_joints=((17, (11, 12)), (19, (5, 6)), (18, (17, 19))),
    # As in the official code, whose results depend on it.
    confidence='mixed',
)  # fmt: skip

KINECT_V1 = dict(
    name='kinect_v1',
    num_joints=20,
    center=2,
    dims=3,
    parents=(1, 2, 2, 2, 2, 4, 5, 6, 2, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17,
             18),
    left=(4, 5, 6, 7, 12, 13, 14, 15),
    right=(8, 9, 10, 11, 16, 17, 18, 19),
    parts=(
        ('left_arm', (4, 5, 6, 7)),
        ('left_leg', (12, 13, 14, 15)),
        ('right_arm', (8, 9, 10, 11)),
        ('right_leg', (16, 17, 18, 19)),
    ),
    regions=(
        ('two_hands', (7, 11)),
        ('two_legs', (12, 13, 14, 15, 16, 17, 18, 19)),
        ('trunk', (0, 1, 2, 3)),
    ),
    joint_names=(
        'hip_center', 'spine', 'shoulder_center', 'head',
        'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
        'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
        'left_hip', 'left_knee', 'left_ankle', 'left_foot',
        'right_hip', 'right_knee', 'right_ankle', 'right_foot',
    ),
)  # fmt: skip

OPENPOSE = dict(
    name='openpose',
    num_joints=18,
    center=1,
    dims=2,
    parents=(1, 1, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15),
    left=(5, 6, 7, 11, 12, 13, 15, 17),
    right=(2, 3, 4, 8, 9, 10, 14, 16),
    parts=(
        ('left_arm', (5, 6, 7)),
        ('left_leg', (11, 12, 13)),
        ('right_arm', (2, 3, 4)),
        ('right_leg', (8, 9, 10)),
    ),
    regions=(
        ('two_hands', (4, 7)),
        ('two_legs', (8, 9, 10, 11, 12, 13)),
        ('trunk', (0, 1, 14, 15, 16, 17)),
    ),
    joint_names=(
        'nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
        'left_shoulder', 'left_elbow', 'left_wrist', 'right_hip',
        'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
        'right_eye', 'left_eye', 'right_ear', 'left_ear',
    ),
)  # fmt: skip

OPENPOSE14 = dict(
    name='openpose14',
    num_joints=14,
    center=1,
    dims=3,
    parents=(1, 1, 1, 2, 3, 1, 5, 6, 1, 8, 9, 1, 11, 12),
    left=(5, 6, 7, 11, 12, 13),
    right=(2, 3, 4, 8, 9, 10),
    parts=(
        ('left_arm', (5, 6, 7)),
        ('left_leg', (11, 12, 13)),
        ('right_arm', (2, 3, 4)),
        ('right_leg', (8, 9, 10)),
    ),
    regions=(
        ('two_hands', (4, 7)),
        ('two_legs', (8, 9, 10, 11, 12, 13)),
        ('trunk', (0, 1)),
    ),
    joint_names=(
        'head', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
        'left_shoulder', 'left_elbow', 'left_wrist', 'right_hip',
        'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
    ),
)  # fmt: skip

OPENPOSE14_2D = OPENPOSE14 | dict(name='openpose14_2d', dims=2)

TABLES = (
    NTURGBD,
    COCO,
    COCO_NEW,
    KINECT_V1,
    OPENPOSE,
    OPENPOSE14,
    OPENPOSE14_2D,
)
