"""The settings of the paper, and made-up annotations of their layouts."""

import copy
import csv
import functools
import inspect
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.config import Config

from aclnet_plugin.structures import get_layout

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs' / 'aclnet'
SPLITS = (
    'xsub_train', 'xsub_val', 'xview_train', 'xview_val', 'xset_train',
    'xset_val', 'train', 'val',
)  # fmt: skip
STREAMS = {
    'joint': 'j',
    'bone': 'b',
    'kbone': 'k',
    'joint-motion': 'jm',
    'bone-motion': 'bm',
    'kbone-motion': 'km',
}
LEFT, RIGHT = [1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]
AUGMENTATION = {
    'none': [],
    'flip': [dict(type='SkeletonFlip', p=0.5)],
    'drop': [dict(type='PartDrop', p=0.2)],
    'flip2d': [
        dict(type='Flip', flip_ratio=0.5, left_kp=LEFT, right_kp=RIGHT)
    ],
}


@dataclass(frozen=True)
class Setting:
    """A row of ``settings.csv``: what a config must come out as."""

    setting: str
    stream: str
    num_classes: int
    layout: str
    joints: int
    clip_len: int
    augmentation: str
    train_batch: int
    lr: float
    epochs: int
    bank_size: int
    relation_dim: int
    train_split: str
    val_split: str
    test_clips: int
    metrics: str
    ann_file: str
    parameters: int

    @property
    def name(self):
        """Name of the config."""
        kind = '2d' if self.layout == 'coco_new' else '3d'
        return (
            f'aclnet_1xb{self.train_batch}-{self.stream}-u{self.clip_len}-'
            f'{self.epochs}e_{self.setting}-keypoint-{kind}'
        )

    def pipeline(self, stage):
        """Steps of a stage, section 7.1 of the method's specification."""
        train = stage == 'train'
        sampling = dict(
            clip_len=self.clip_len,
            num_clips=self.test_clips if stage == 'test' else 1,
            test_mode=not train,
        )
        names = ('frame_dir',)
        augmentation = AUGMENTATION[self.augmentation] if train else []
        to_stream = dict(type='ToStream', layout=self.layout)
        if self.layout == 'nturgb+d':
            turn = [dict(type='RandomRot', theta=0.2)] if train else []
            steps = [
                # The middle of the spine.
                dict(type='CenterSkeleton', layout=self.layout, center=1),
                *turn,
                *augmentation,
                to_stream,
                dict(type='UniformSampleDecode', **sampling),
            ]
        else:
            names += ('img_shape',)
            unpack = dict(type='DecompressPose', squeeze=True, max_person=10)
            steps = [
                *([unpack] if self.setting == 'k400' else []),
                dict(type='UniformSampleClips', **sampling),
                dict(type='PoseDecode'),
                *augmentation,
                dict(type='AddVirtualJoints', layout=self.layout),
                to_stream,
            ]
        pack = dict(type='PackActionInputs')
        if not train:
            pack['meta_keys'] = names
        return [*steps, dict(type='FormatGCNInput', num_person=2), pack]


def read_settings():
    """All rows of ``settings.csv``, numbers as numbers."""
    kinds = inspect.get_annotations(Setting)
    path = Path(__file__).parent / 'data' / 'settings.csv'
    with path.open(newline='') as file:
        return [
            Setting(**{key: kinds[key](text) for key, text in row.items()})
            for row in csv.DictReader(file)
        ]


@functools.cache
def _parsed(path):
    return Config.fromfile(path)


def load_config(path):
    """A config of one's own; the file is parsed once."""
    return copy.deepcopy(_parsed(path))


def innermost(dataset):
    """The dataset under its wrappers."""
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def stages(config):
    """Dataset of each stage, by its name."""
    return {
        stage: innermost(config[f'{stage}_dataloader'].dataset)
        for stage in ('train', 'val', 'test')
    }


def in_full(steps):
    """Steps of a pipeline with all arguments, the default ones too."""
    found = []
    for step in steps:
        given = dict(step)
        name = given.pop('type')
        bound = inspect.signature(TRANSFORMS.get(name)).bind(**given)
        bound.apply_defaults()
        found.append((name, bound.arguments))
    return found


def made_up_annotations(layout, listed=False, total=4, frames=120):
    """Annotations of noise in every split, the layout's real shape.

    3D samples have two persons, the second one not all the time, and empty
    frames. 2D samples have a score and the size of the images.

    Args:
        layout: ``nturgb+d``, ``kinect_v1`` or ``coco_new``.
        listed: Whether the skeletons are in a list, as those of Kinetics.
        total: Number of samples.
        frames: Length of the sequences.
    """
    rng = np.random.default_rng(0)
    skeleton = get_layout(layout)
    shape = (2, frames, skeleton.num_source_joints)
    samples = []
    for label in range(total):
        sample = dict(
            frame_dir=f'sample_{label}', label=label, total_frames=frames
        )
        if skeleton.dims == 3:
            pose = rng.normal(size=(*shape, 3))
            pose[:, ::7] = pose[1, :30] = 0
            sample['keypoint'] = pose.astype(np.float16)
        else:
            pose = rng.uniform(1, 239, size=(*shape, 3)).astype(np.float16)
            pose[..., 2] /= 240
            sample |= dict(img_shape=(240, 320), original_shape=(240, 320))
            if listed:
                # Frame by frame, one person after the other.
                sample['keypoint'] = pose.swapaxes(0, 1).reshape(
                    -1, *pose.shape[2:]
                )
                sample['frame_inds'] = np.arange(frames).repeat(2)
            else:
                sample['keypoint'] = pose[..., :2].copy()
                sample['keypoint_score'] = pose[..., 2].copy()
        samples.append(sample)
    names = [sample['frame_dir'] for sample in samples]
    half = total // 2
    split = {
        name: names[:half] if name.endswith('train') else names[half:]
        for name in SPLITS
    }
    return dict(split=split, annotations=samples)
