"""Transforms and whole pipelines against the recorded reference."""

import random
import re

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from aclnet_plugin.datasets import (
    AddVirtualJoints,
    CenterSkeleton,
    PartDrop,
    RandomRot,
    SkeletonFlip,
    ToStream,
    UniformSampleClips,
    UniformSampleDecode,
)
from tests.golden import GoldenCase
from tests.settings import CONFIGS, load_config, read_settings, stages
from tests.settings import STREAMS as STREAM_NAMES

STREAMS = ('j', 'b', 'k', 'jm', 'bm', 'km')
PRENORMALIZE = dict(
    type='PreNormalize3D', align_spine=False, align_shoulder=False
)
# Names of the recording.
NAMES = {
    'ntu60_xsub': 'ntu60-xsub',
    'ntu60_xview': 'ntu60-xview',
    'ntu120_xsub': 'ntu120-xsub',
    'pku_mmd_xsub': 'pkummd-xsub',
    'pku_mmd_xview': 'pkummd-xview',
    'k400': 'k400',
    'finegym': 'gym',
}
SETTINGS = {
    (name, STREAM_NAMES[row.stream]): row
    for name, setting in NAMES.items()
    for row in read_settings()
    if row.setting == setting
}


def compose(*steps):
    return Compose(
        [TRANSFORMS.build(s) if isinstance(s, dict) else s for s in steps]
    )


def inputs(case, sample):
    """The annotation of a recorded sample."""
    found = {
        key: case.arrays[f'{sample}/input/{key}'].copy()
        for key in case.keys(f'{sample}/input/')
    }
    if 'img_shape' in found:
        found['img_shape'] = tuple(found['img_shape'].tolist())
        found['modality'] = 'Pose'
    if 'total_frames' in found:
        found['total_frames'] = int(found['total_frames'])
    else:
        found['total_frames'] = found['keypoint'].shape[1]
    return found


def same(case, key, got):
    """Values within the tolerance, and exactly the recorded dtype."""
    assert got.dtype == case.arrays[key].dtype, key
    case.compare(key, got)


def samples(case):
    return sorted({key.split('/')[0] for key in case.arrays if '/' in key})


def host_normalized(case, sample):
    return TRANSFORMS.build(PRENORMALIZE)(inputs(case, sample))


def seed_like(name):
    for letter, seed in re.findall(r'(np|py)(\d+)', name):
        (np.random if letter == 'np' else random).seed(int(seed))


@pytest.fixture(scope='module')
def case3d():
    return GoldenCase('transforms_3d')


@pytest.fixture(scope='module')
def case2d():
    return GoldenCase('transforms_2d')


@pytest.mark.parametrize('ours', [False, True])
def test_centering(case3d, ours):
    build = (
        CenterSkeleton('nturgb+d', center=1)
        if ours
        else TRANSFORMS.build(PRENORMALIZE)
    )
    for sample in samples(case3d):
        start = f'{sample}/prenormalize3d/'
        got = build(inputs(case3d, sample))
        for key in case3d.keys(start):
            case3d.compare(start + key, got[key])
        if start + 'keypoint' in case3d:
            same(case3d, start + 'keypoint', got['keypoint'])


@pytest.mark.parametrize('stream', STREAMS)
def test_streams_3d(case3d, stream):
    for sample in samples(case3d):
        key = f'{sample}/genskefeat/{stream}'
        if key in case3d:
            got = ToStream('nturgb+d', stream)(host_normalized(case3d, sample))
            same(case3d, key, got['keypoint'])


def test_rotation(case3d):
    for sample in samples(case3d):
        for seed in case3d.keys(f'{sample}/random_rot/'):
            start, _, part = seed.partition('/')
            if part != 'keypoint':
                continue
            number = int(start.removeprefix('seed'))
            prefix = f'{sample}/random_rot/{start}/'
            np.random.seed(number)
            got = RandomRot(0.2)(host_normalized(case3d, sample))['keypoint']
            assert got.dtype == np.float64
            case3d.compare(prefix + 'keypoint', got)
            np.random.seed(number)
            case3d.compare(
                prefix + 'angles', np.random.uniform(-0.2, 0.2, size=3)
            )


@pytest.mark.parametrize(
    ('folder', 'transform'),
    [('part_drop', PartDrop(0.2)), ('spatial_flip', SkeletonFlip(0.5))],
)
def test_joint_changes(case3d, folder, transform):
    names = case3d.keys(f'a/{folder}/')
    assert names
    for name in names:
        random.seed(int(re.search(r'seed(\d+)', name)[1]))
        got = transform(host_normalized(case3d, 'a'))
        same(case3d, f'a/{folder}/{name}', got['keypoint'])


def pipelines(case):
    """Recorded pipelines: name, steps of our config, annotation."""
    names = [key for key in case.arrays if '/pipeline/' in key]
    assert names
    for name in names:
        sample, _, setting, stream, part = name.split('/')
        row = SETTINGS[setting, stream]
        stage = part.split('_')[0]
        dataset = stages(load_config(CONFIGS / f'{row.name}.py'))[stage]
        annotation = inputs(case, sample) | dict(
            frame_dir=sample, label=0, stream=dataset.stream
        )
        yield name, dataset.pipeline, annotation


def same_packed(case, name, steps, annotation):
    seed_like(name.rsplit('/')[-1])
    packed = compose(*steps)(annotation)
    same(case, name, packed['inputs'].numpy())


def test_pipelines_of_configs_3d(case3d):
    for name, steps, annotation in pipelines(case3d):
        same_packed(case3d, name, steps, annotation)


def test_pipelines_of_configs_3d_with_the_centering_of_the_host(case3d):
    for name, steps, annotation in pipelines(case3d):
        assert steps[0].type == 'CenterSkeleton'
        same_packed(case3d, name, [PRENORMALIZE, *steps[1:]], annotation)


# --- two-dimensional ------------------------------------------------------

DECOMPRESS = dict(type='DecompressPose', squeeze=True)


def decoded(case, sample):
    """All frames as float32, decompressed first where needed."""
    steps = [DECOMPRESS] if sample.startswith('k') else []
    return compose(*steps, dict(type='PoseDecode'))(inputs(case, sample))


def test_decompression(case2d):
    for sample in samples(case2d):
        start = f'{sample}/decompress/'
        if not case2d.keys(start):
            continue
        got = TRANSFORMS.build(DECOMPRESS)(inputs(case2d, sample))
        for key in case2d.keys(start):
            case2d.compare(start + key, got[key])


def test_virtual_joints_and_streams_2d(case2d):
    for sample in samples(case2d):
        start = f'{sample}/kinetics_transform/keypoint'
        if start not in case2d:
            continue
        got = AddVirtualJoints()(decoded(case2d, sample))
        same(case2d, start, got['keypoint'])
        assert 'keypoint_score' not in got
        for stream in case2d.keys(f'{sample}/genskefeat/'):
            done = ToStream('coco_new', stream)(dict(got))
            key = f'{sample}/genskefeat/{stream}'
            same(case2d, key, done['keypoint'])
        formed = compose(dict(type='FormatGCNInput', num_person=2))(dict(got))
        key = f'{sample}/format_gcn/keypoint'
        if key in case2d:
            same(case2d, key, formed['keypoint'])


def test_mirror_2d(case2d):
    flip = dict(
        type='Flip',
        flip_ratio=0.5,
        left_kp=[1, 3, 5, 7, 9, 11, 13, 15],
        right_kp=[2, 4, 6, 8, 10, 12, 14, 16],
    )
    for sample in samples(case2d):
        for name in case2d.keys(f'{sample}/flip/'):
            seed, _, key = name.partition('/')
            np.random.seed(int(re.search(r'np(\d+)', seed)[1]))
            got = compose(flip)(decoded(case2d, sample))
            case2d.compare(f'{sample}/flip/{name}', got[key])


def test_pipelines_of_configs_2d(case2d):
    for name, steps, annotation in pipelines(case2d):
        same_packed(case2d, name, steps, annotation)


def test_nothing_was_forgotten(case3d, case2d):
    """Runs after the tests above, and means nothing without them."""
    if not case3d.compared or not case2d.compared:
        pytest.skip('part of a selection')
    case3d.assert_all_compared(prefix='')
    case2d.assert_all_compared(prefix='')


# --- frames ---------------------------------------------------------------


@pytest.mark.parametrize('sampler', [UniformSampleDecode, UniformSampleClips])
def test_frame_indices(sampler):
    case = GoldenCase('frame_sampling')
    start = f'{sampler.__name__}/'.replace('Clips', 'Frames')
    for name in case.keys(start):
        part, length, clips = re.match(
            r'(\w+)/len(\d+)_clips(\d+)', name
        ).groups()
        draw = sampler(int(length), int(clips), test_mode=part == 'test')
        rows = []
        for frames in case['lengths'].tolist():
            seed_like(part)
            rows.append(draw.draw(frames))
        case.compare(start + name, np.stack(rows))
    case.assert_all_compared(prefix=start)
