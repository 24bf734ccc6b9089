# Skeletons of Kinect v2: 25 joints in 3D, up to two persons. The values are
# those of NTU RGB+D 60, cross-subject; NTU RGB+D 120 changes the file and the
# splits, pkummd_3d.py the length of the clips as well.
#
# A leaf changes the stream with dataset=dict(stream='b') in the three
# loaders, and puts more augmentation between the two halves of the training
# pipeline:
#   train_pipeline = [*_base_.pre_transform, dict(type='SkeletonFlip'),
#                     *_base_.last_transform]
#   train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
_base_ = './loaders.py'

dataset_type = 'SkeletonDataset'
# A store (tools/data/build_store.py) is read like the pickle it was made of.
ann_file = 'data/skeleton/ntu60_3d.pkl'
layout = 'nturgb+d'
clip_len = 100

pre_transform = [
    # From the middle of the spine, as the published results were made; the
    # centre of the layout's graph is another joint, between the shoulders.
    dict(type='CenterSkeleton', layout=layout, center=1),
    dict(type='RandomRot', theta=0.2),
]
last_transform = [
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
train_pipeline = [*pre_transform, *last_transform]

# Both around the sampler, the only difference of validation and test.
eval_pre_transform = [
    dict(type='CenterSkeleton', layout=layout, center=1),
    dict(type='ToStream', layout=layout),
]
eval_last_transform = [
    dict(type='FormatGCNInput', num_person=2),
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
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_train',
        layout=layout,
        stream='j',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='xsub_val',
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
        split='xsub_val',
        layout=layout,
        stream='j',
        pipeline=test_pipeline,
        test_mode=True,
    )
)

val_evaluator = [dict(type='AccMetric', metric_list='top_k_accuracy')]
test_evaluator = val_evaluator
