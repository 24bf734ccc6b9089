# Skeletons of Kinect v2: 25 joints in 3D, up to two persons. The values are
# those of NTU RGB+D 60, cross-subject; NTU 120 and PKU-MMD change the file,
# the splits and, for the latter, the clip length.
#
# A leaf changes the stream with dataset=dict(stream='b') in the three
# loaders, and puts more augmentation between pre_transform and
# last_transform:
#   train_pipeline = [*_base_.pre_transform, dict(type='SkeletonFlip'),
#                     *_base_.last_transform]
dataset_type = 'SkeletonDataset'
ann_file = 'data/skeleton/ntu60_3d.pkl'
layout = 'nturgb+d'
clip_len = 100

pre_transform = [
    # Both rotations off: the first alone would leave the second on.
    dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
    dict(type='RandomRot', theta=0.2),
]
last_transform = [
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
train_pipeline = [*pre_transform, *last_transform]
val_pipeline = [
    dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
    dict(type='ToStream', layout=layout),
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=1,
        test_mode=True,
    ),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    dict(type='PreNormalize3D', align_spine=False, align_shoulder=False),
    dict(type='ToStream', layout=layout),
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=10,
        test_mode=True,
    ),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_train',
        layout=layout,
        stream='j',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_val',
        layout=layout,
        stream='j',
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_val',
        layout=layout,
        stream='j',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
