# Skeletons of your own in 3D: docs/custom_data.md. Everything that does not
# depend on the data is here. A config on top of it gives each loader ann_file
# and layout, the graph the layout, and the head num_classes and relation_dim.
_base_ = [
    './default_runtime.py',
    './models/aclnet_ntu25.py',
    './datasets/loaders.py',
    './schedules/sgd_150e.py',
]

clip_len = 64
num_person = 1

# A third of the usual width, for hundreds of sequences. With ten thousands:
# base_channels=96 and in_channels=384.
model = dict(
    backbone=dict(base_channels=32, graph_cfg=dict(_delete_=True)),
    cls_head=dict(
        in_channels=128,
        bank_size=256,
        # Ten neighbours would put all of few classes into each family.
        families=dict(top_k=2, overlap_threshold=1),
    ),
)

# The transforms take the layout from the dataset.
train_pipeline = [
    dict(type='CenterSkeleton'),
    dict(type='RandomRot', theta=0.2),
    dict(type='ToStream'),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=num_person),
    dict(type='PackActionInputs'),
]
val_pipeline = [
    dict(type='CenterSkeleton'),
    dict(type='ToStream'),
    dict(type='UniformSampleDecode', clip_len=clip_len, test_mode=True),
    dict(type='FormatGCNInput', num_person=num_person),
    # The name goes with the prediction, for the fusion of streams.
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
test_pipeline = [
    dict(type='CenterSkeleton'),
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

train_dataloader = dict(
    dataset=dict(
        type='SkeletonDataset',
        split='train',
        stream='j',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type='SkeletonDataset',
        split='val',
        stream='j',
        pipeline=val_pipeline,
        test_mode=True,
    )
)
test_dataloader = dict(
    dataset=dict(
        type='SkeletonDataset',
        split='val',
        stream='j',
        pipeline=test_pipeline,
        test_mode=True,
    )
)

# Learning rate and phases follow the length of the training: the inter-class
# loss starts after a fifth of it.
train_cfg = dict(max_epochs=60)
param_scheduler = [
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
]
custom_hooks = [dict(type='ConfusionStatisticsHook')]
default_hooks = dict(logger=dict(interval=10))
