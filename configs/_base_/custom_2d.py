# Skeletons of your own in 2D, with or without scores: docs/custom_data.md.
# Like custom_3d.py; the layout has to say dims=2. Coordinates are pixels and
# become shares of the image. Without scores: backbone=dict(in_channels=2).
_base_ = './custom_3d.py'

clip_len = 64
num_person = 1

train_pipeline = [
    dict(type='PreNormalize2D'),
    dict(type='ToStream'),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=num_person),
    dict(type='PackActionInputs'),
]
val_pipeline = [
    dict(type='PreNormalize2D'),
    dict(type='ToStream'),
    dict(type='UniformSampleDecode', clip_len=clip_len, test_mode=True),
    dict(type='FormatGCNInput', num_person=num_person),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
test_pipeline = [
    dict(type='PreNormalize2D'),
    dict(type='ToStream'),
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=10,
        test_mode=True,
    ),
    dict(type='FormatGCNInput', num_person=num_person),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
