# NW-UCLA: 20 joints in 3D, one person, 10 classes. Training on two camera
# views, testing on the third; tools/data/nw_ucla.py makes the file.
#
# A leaf changes the stream with
#   train_dataloader = dict(dataset=dict(dataset=dict(stream='b')))
#   val_dataloader = dict(dataset=dict(stream='b'))
#   test_dataloader = dict(dataset=dict(stream='b'))
# (two levels for training, because the set is repeated), and puts more
# augmentation between pre_transform and last_transform.
_base_ = './loaders.py'

dataset_type = 'SkeletonDataset'
ann_file = 'data/nw_ucla/nw_ucla.pkl'
layout = 'kinect_v1'
clip_len = 52

pre_transform = [
    dict(type='CenterSkeleton', layout=layout),
    # Wide turns about x and y (which points up) stand for the unseen camera.
    dict(type='RandomRot', theta=(1.05, 1.05, 0.0)),
]
last_transform = [
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs'),
]
train_pipeline = [*pre_transform, *last_transform]

# Both around the sampler, the only difference of validation and test.
eval_pre_transform = [
    dict(type='CenterSkeleton', layout=layout),
    dict(type='ToStream', layout=layout),
]
eval_last_transform = [
    dict(type='FormatGCNInput', num_person=1),
    # The name goes with the prediction, for the fusion of streams.
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
val_pipeline = [
    *eval_pre_transform,
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=1,
        test_mode=True,
    ),
    *eval_last_transform,
]
test_pipeline = [
    *eval_pre_transform,
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=10,
        test_mode=True,
    ),
    *eval_last_transform,
]

train_dataloader = dict(
    dataset=dict(
        type='RepeatDataset',
        times=5,
        dataset=dict(
            type=dataset_type,
            ann_file=ann_file,
            split='xview_train',
            layout=layout,
            stream='j',
            pipeline=train_pipeline,
        ),
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xview_val',
        layout=layout,
        stream='j',
        pipeline=val_pipeline,
        test_mode=True,
    )
)
test_dataloader = dict(
    batch_size=16,
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xview_val',
        layout=layout,
        stream='j',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
