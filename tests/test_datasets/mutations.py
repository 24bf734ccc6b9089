"""Damage to annotation files: of their bytes, and of what they say."""

import datetime
import fractions
import math
import pathlib
import pickletools
import struct

import numpy as np

NAMES = ('alpha', 'beta', 'gamma')


def good_content(rng, layout='nturgb+d'):
    """Three samples of a layout, as a converter would write them."""
    joints, channels = (25, 3) if layout == 'nturgb+d' else (17, 2)
    annotations = []
    for label, name in enumerate(NAMES):
        shape = (2, 4, joints, channels)
        sample = dict(
            frame_dir=name,
            label=label,
            total_frames=4,
            img_shape=(480, 640),
            keypoint=rng.normal(size=shape).astype(np.float16),
        )
        if channels == 2:
            score = rng.uniform(size=shape[:-1]).astype(np.float16)
            sample['keypoint_score'] = score
        annotations.append(sample)
    return dict(
        split=dict(train=list(NAMES), val=['beta']),
        annotations=annotations,
        classes=['walk', 'sit', 'wave'],
    )


# Of the bytes


def truncate(rng, data):
    return data[: rng.integers(len(data))]


def flip_bits(rng, data):
    data = bytearray(data)
    for place in _places(rng, data, rng.integers(1, 5)):
        data[place] ^= 1 << rng.integers(8)
    return bytes(data)


def insert(rng, data):
    (place,) = _places(rng, data, 1)
    return data[:place] + rng.bytes(rng.integers(1, 9)) + data[place:]


def delete(rng, data):
    (place,) = _places(rng, data, 1)
    return data[:place] + data[place + rng.integers(1, 9) :]


def duplicate(rng, data):
    (place,) = _places(rng, data, 1)
    end = place + int(rng.integers(1, 200))
    return data[:end] + data[place:]


def swap_instructions(rng, data):
    one, two = sorted(rng.choice(_starts(data), 2, replace=False))
    data = bytearray(data)
    data[one], data[two] = data[two], data[one]
    return bytes(data)


def replace_instruction(rng, data):
    codes = [ord(code.code) for code in pickletools.opcodes]
    data = bytearray(data)
    data[rng.choice(_starts(data))] = rng.choice(codes)
    return bytes(data)


def patch_length(rng, data):
    """A length or place in the memo that is far beyond the file."""
    sized = {'B': '<I', 'X': '<I', 'T': '<I', 'r': '<I', '\x8b': '<i'}
    sized |= dict.fromkeys('\x8d\x8e\x95\x96', '<Q')
    found = [
        (place, sized[code.code])
        for code, _, place in pickletools.genops(data)
        if code.code in sized
    ]
    if not found:
        return truncate(rng, data)
    place, form = found[rng.integers(len(found))]
    top = 2 ** (8 * struct.calcsize(form) - 1)
    value = int(rng.choice([top - 1, top // 2, 10**9, len(data), 0]))
    data = bytearray(data)
    struct.pack_into(form, data, place + 1, value)
    return bytes(data)


BYTE_OPERATORS = (
    truncate,
    flip_bits,
    insert,
    delete,
    duplicate,
    swap_instructions,
    replace_instruction,
    patch_length,
)


def _starts(data):
    return [place for *_, place in pickletools.genops(bytes(data))]


def _places(rng, data, number):
    """Often near instructions: most other bytes are only numbers."""
    if rng.integers(3):
        starts = _starts(data)
        near = rng.choice(starts, number) + rng.integers(0, 10, number)
        return np.minimum(near, len(data) - 1)
    return rng.integers(0, len(data), number)


# Of what they say. Each operator changes the content and returns what its
# refusal has to name, or None where the file is still good.


def drop_key(rng, content):
    sample, where = _sample(rng, content)
    key = _pick(rng, sample)
    del sample[key]
    if key == 'frame_dir':
        return (f'number {where[1]}',)
    return where[:1] if key in ('label', 'keypoint') else None


def wrong_label(rng, content):
    sample, where = _sample(rng, content)
    sample['label'] = _pick(rng, [
        None, '3', 1.0, math.nan, True, [], [[1]], {}, {1: 2}, b'1', -1, 3,
        2**70, 2**7000, -(2**7000), np.float32(1), np.array(1),
        np.array([1]), np.bool_(True), 'x' * 10**5, (0, None), (0, 99), 1j,
    ])  # fmt: skip
    return where[:1]


def wrong_name(rng, content):
    sample, where = _sample(rng, content)
    sample['frame_dir'] = _pick(rng, [
        None, '', [], ['a'], [[['a']]], {}, b'alpha', 1.5, True, ('a',),
        np.array(['a']), np.zeros(3), 2**90, math.nan,
    ])  # fmt: skip
    return (f'number {where[1]}',)


def wrong_length(rng, content):
    sample, where = _sample(rng, content)
    sample['total_frames'] = _pick(rng, [
        None, '4', b'4', math.nan, math.inf, 0, -1, 3, 5, 2**70, 2**7000,
        True, [4], (), {}, np.array(4), np.array([4, 4]), 4.0, 4j,
    ])  # fmt: skip
    return where[:1]


def wrong_image_size(rng, content):
    sample, where = _sample(rng, content)
    sample['img_shape'] = _pick(rng, [
        None, 'hd', 480, (480,), (480, 640, 3), (0, 640), (-1, 640), {},
        ('480', '640'), (math.nan, 640), np.zeros((2, 2), int), np.array(1),
        [[480], [640]], (2**80, 640), {480, 640},
    ])  # fmt: skip
    return where[:1]


def wrong_keypoint_type(rng, content):
    sample, where = _sample(rng, content)
    pose = sample['keypoint']
    sample['keypoint'] = _pick(rng, [
        None, 'pose', b'pose', 1, 0.5, {}, [], pose.tolist(), (pose,),
        pose.astype(bool), pose.astype(complex), pose.astype(str),
        pose.astype(bytes), np.float16(1), dict(pose=pose), np.array('x'),
    ])  # fmt: skip
    return where[:1]


def object_array(rng, content):
    sample, _ = _sample(rng, content)
    key = _pick(rng, ['keypoint', 'label', 'img_shape', 'note'])
    sample[key] = np.array([None, [1]], dtype=object)
    return ()


def wrong_keypoint_shape(rng, content):
    sample, where = _sample(rng, content)
    pose = sample['keypoint']
    sample['keypoint'] = _pick(rng, [
        pose[:0], pose[:, :0], pose[:, :, :0], pose[..., :0], pose[0],
        pose[0, 0], pose[0, 0, 0], pose[0, 0, 0, 0:0], pose[None],
        pose[0, 0, 0, 0, None, None], np.array(pose[0, 0, 0, 0]),
        pose[:, :3], pose[:, :, :-1], pose[..., :1], pose.T,
        np.zeros((1, 10**6, 0, 3), 'f2'), np.zeros((0, 2**30, 2**9, 3), 'f2'),
        np.zeros((1, 4, 25, 4), 'f2'), pose.repeat(2, axis=2),
    ])  # fmt: skip
    return where[:1]


def impossible_value(rng, content):
    sample, where = _sample(rng, content)
    kind = _pick(rng, ['f2', 'f4', 'f8'])
    bad = [math.nan, math.inf, -math.inf]
    bad += {'f2': [-40000.0], 'f4': [1e38], 'f8': [1e300, -1e39]}[kind]
    pose = sample['keypoint'].astype(kind)
    pose[tuple(rng.integers(0, pose.shape))] = _pick(rng, bad)
    sample['keypoint'] = pose
    return where[:1]


def huge_integer(rng, content):
    sample, where = _sample(rng, content)
    pose = sample['keypoint'].astype('u8')
    pose[tuple(rng.integers(0, pose.shape))] = 2**63
    sample['keypoint'] = pose
    return where[:1]


def other_storage(rng, content):
    """Valid: other types, byte orders and memory layouts."""
    for sample in content['annotations']:
        pose = sample['keypoint']
        sample['keypoint'] = _pick(rng, [
            pose.astype('>f2'), pose.astype('f4'), pose.astype('>f8'),
            np.abs(pose * 9).astype('u1'), (pose * 9).astype('>i2'),
            np.abs(pose * 9).astype('u8'), np.asfortranarray(pose),
            pose[::-1, ::-1], pose.transpose(0, 1, 3, 2).copy()
            .transpose(0, 1, 3, 2), np.broadcast_to(pose[:1, :1], pose.shape),
        ])  # fmt: skip
        sample['label'] = np.int64(sample['label'])
        sample['total_frames'] = np.int32(4)
        sample['img_shape'] = np.array(sample['img_shape'])


def extra_keys(rng, content):
    """Valid: what nobody asks for is nobody's business."""
    sample, _ = _sample(rng, content)
    sample['note'] = _pick(rng, [
        None, [[[{}]]], {'a': {1: (2, {3})}}, 2**900, math.nan, b'\xff',
        np.array(['a', '\u00e9']), np.str_('x'), 1j, bytearray(b'x'),
    ])  # fmt: skip


def too_deep(rng, content):
    sample, _ = _sample(rng, content)
    value = []
    for _ in range(int(_pick(rng, [60, 150]))):
        value = _pick(rng, [[value], (value,), {'a': value}])
    sample['note'] = value
    return ()


def holds_itself(rng, content):
    sample, _ = _sample(rng, content)
    value = sample['note'] = [1]
    value.append(_pick(rng, [value, {'a': [value]}, (value,)]))
    return ()


def twin_name(rng, content):
    one, two = rng.choice(3, 2, replace=False)
    samples = content['annotations']
    samples[one]['frame_dir'] = samples[two]['frame_dir']
    low, high = sorted([one, two])
    name = samples[two]['frame_dir']
    return (f"'{name}'", f'number {low}', f'number {high}')


def wrong_key(rng, content):
    sample, where = _sample(rng, content)
    sample[_pick(rng, [3, None, b'label', 0.5])] = 1
    return where[:1]


def tuple_key(rng, content):
    _pick(rng, [content, *content['annotations']])[1, 2] = 3
    return ()


def no_sample(rng, content):
    place = int(rng.integers(3))
    content['annotations'][place] = _pick(
        rng, [None, 1, 'alpha', [], ('label', 1), np.zeros(3), {'alpha'}]
    )
    return (f'number {place}',)


def foreign_class(rng, content):
    sample, _ = _sample(rng, content)
    value, name = _pick(rng, [
        (fractions.Fraction(1, 2), 'fractions.Fraction'),
        (datetime.date(2000, 1, 1), 'datetime.date'),
        (pathlib.PurePosixPath('a'), 'pathlib'),
        (math.sin, 'math.sin'), (np.float32, 'numpy.float32'),
        (np.datetime64(1, 's'), 'M8'), (slice(1), 'slice'),
        (np.zeros(2, 'i4,f4'), 'V8'), (range(10**12), 'range'),
        (int, 'where data is expected'),
    ])  # fmt: skip
    sample[_pick(rng, ['note', 'label', 'keypoint'])] = value
    return (name,)


def wrong_annotations(rng, content):
    content['annotations'] = _pick(
        rng, [None, 1, 'alpha', {}, {'alpha': 1}, [], (), np.zeros(3), {1}]
    )
    return ()


def no_annotations(rng, content):
    del content['annotations']
    return ()


def wrong_split(rng, content):
    content['split'] = _pick(
        rng, [None, 1, 'train', [], ['alpha'], {}, {'val': ['beta']}, {1: 2}]
    )
    return ("'train'",) if isinstance(content['split'], dict) else ()


def wrong_names(rng, content):
    content['split']['train'] = _pick(rng, [
        None, 'alpha', 3, {}, {'alpha': 1}, [], (), np.array('alpha'),
        np.array([['alpha']]), ['alpha', None], ['alpha', ['beta']],
        [['alpha', 'beta']], [1.5], [b'alpha'], [''], [{}], [True],
        [2**2000], ['lost', 'gone'], ['Alpha'], np.zeros(3),
    ])  # fmt: skip
    return ("'train'",)


def wrong_classes(rng, content):
    content['classes'] = _pick(
        rng, ['walk', 3, {'walk': 0}, [1, 2, 3], ['walk', None], [['walk']]]
    )
    return ()


def fewer_or_other(rng, content):
    """Valid: order, containers and absent names do not matter."""
    rng.shuffle(content['annotations'])
    names = ['alpha', 'beta', 'gamma'][: rng.integers(1, 4)]
    names += ['lost'] * int(rng.integers(3)) + [names[0]]
    content['split']['train'] = _pick(
        rng, [names, tuple(names), set(names), np.array(names)]
    )
    if rng.integers(2):
        content['annotations'] = tuple(content['annotations'])
    if rng.integers(2):
        del content['classes']


def wrong_score(rng, content):
    sample, where = _sample(rng, content)
    pose = sample['keypoint']
    score = np.ones(pose.shape[:-1], 'f4')
    broken = score.copy()
    broken[1, 2, 3] = _pick(rng, [math.nan, math.inf, 1e30])
    bad = [
        None, 'x', 1, [], score.tolist(), score[:1], score[..., None],
        score.astype(bool), score.astype(str), score.astype(complex), broken,
    ]  # fmt: skip
    # A 3D sample must not have one at all.
    bad += [score] * (pose.shape[-1] == 3)
    sample['keypoint_score'] = _pick(rng, bad)
    return where[:1]


STRUCTURE_OPERATORS = (
    drop_key,
    wrong_label,
    wrong_name,
    wrong_length,
    wrong_image_size,
    wrong_keypoint_type,
    object_array,
    wrong_keypoint_shape,
    impossible_value,
    huge_integer,
    other_storage,
    extra_keys,
    too_deep,
    holds_itself,
    twin_name,
    wrong_key,
    tuple_key,
    no_sample,
    foreign_class,
    wrong_annotations,
    no_annotations,
    wrong_split,
    wrong_names,
    wrong_classes,
    fewer_or_other,
    wrong_score,
)


def _sample(rng, content):
    place = int(rng.integers(3))
    sample = content['annotations'][place]
    return sample, (f"'{sample['frame_dir']}'", place)


def _pick(rng, options):
    options = list(options)
    return options[rng.integers(len(options))]
