# Skeletons made by tools/data/synthetic.py: 25 joints in 3D, one person, 12
# classes in four groups of three that resemble each other. Train on some
# subjects, test on others.
_base_ = './loaders.py'

dataset_type = 'SkeletonDataset'
ann_file = 'data/synthetic/synthetic.pkl'
layout = 'nturgb+d'
clip_len = 32

pre_transform = [
    dict(type='CenterSkeleton', layout=layout),
    dict(type='RandomRot', theta=0.2),
]
last_transform = [
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs'),
]
train_pipeline = [*pre_transform, *last_transform]
test_pipeline = [
    dict(type='CenterSkeleton', layout=layout),
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=clip_len, test_mode=True),
    dict(type='FormatGCNInput', num_person=1),
    # The name goes with the prediction, for the fusion of streams.
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]

train_dataloader = dict(
    dataset=dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(
            type=dataset_type,
            ann_file=ann_file,
            split='xsub_train',
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
        split='xsub_val',
        layout=layout,
        stream='j',
        pipeline=test_pipeline,
        test_mode=True,
    )
)
test_dataloader = dict(
    batch_size=16,
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
