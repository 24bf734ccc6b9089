# Skeletons of HRNet in pixels: COCO's 17 joints with their score, and three
# joints computed from them; up to two persons. The values are those of
# FineGYM; k400_2d.py changes the file and unpacks the skeletons first.
#
# Streams are computed from the sampled frames, unlike those in 3D: between
# the clips of a test the motion runs from the last frame of one to the first
# of the next, as in the published results. A leaf changes the stream with
# dataset=dict(stream='b') in the three loaders.
_base_ = './loaders.py'

dataset_type = 'SkeletonDataset'
# A store (tools/data/build_store.py) is read like the pickle it was made of.
ann_file = 'data/skeleton/gym_2d.pkl'
layout = 'coco_new'
clip_len = 100
left_kp = [1, 3, 5, 7, 9, 11, 13, 15]
right_kp = [2, 4, 6, 8, 10, 12, 14, 16]

# UniformSampleClips and not the host's UniformSampleFrames: the same rule,
# but the random numbers, and so the frames, of the published results.
pre_transform = [
    dict(type='UniformSampleClips', clip_len=clip_len),
    dict(type='PoseDecode'),
    dict(type='Flip', flip_ratio=0.5, left_kp=left_kp, right_kp=right_kp),
]
last_transform = [
    dict(type='AddVirtualJoints', layout=layout),
    dict(type='ToStream', layout=layout),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
train_pipeline = [*pre_transform, *last_transform]

# After the sampler, the only difference of validation and test.
eval_last_transform = [
    dict(type='PoseDecode'),
    dict(type='AddVirtualJoints', layout=layout),
    dict(type='ToStream', layout=layout),
    dict(type='FormatGCNInput', num_person=2),
    # The name goes with the prediction, for the fusion of streams.
    dict(type='PackActionInputs', meta_keys=('frame_dir', 'img_shape')),
]
val_pipeline = [
    dict(
        type='UniformSampleClips',
        clip_len=clip_len,
        num_clips=1,
        test_mode=True,
    ),
    *eval_last_transform,
]
test_pipeline = [
    dict(
        type='UniformSampleClips',
        clip_len=clip_len,
        num_clips=10,
        test_mode=True,
    ),
    *eval_last_transform,
]

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='train',
        layout=layout,
        stream='j',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='val',
        layout=layout,
        stream='j',
        pipeline=val_pipeline,
        test_mode=True,
    )
)
test_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='val',
        layout=layout,
        stream='j',
        pipeline=test_pipeline,
        test_mode=True,
    )
)
