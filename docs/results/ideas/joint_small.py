# The small network and the short schedule of docs/results.md, on the held
# back view: trained on view 1 (twice an epoch, for the number of steps of two
# views), validated on view 2.
_base_ = (
    '../../../configs/aclnet/'
    'aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'
)

custom_imports = dict(imports=['aclnet_plugin', 'idea_heads'])
custom_hooks = [dict(type='ConfusionStatisticsHook', count_begin=2, begin=3)]
default_hooks = dict(checkpoint=dict(interval=12))

layout = 'kinect_v1'
model = dict(
    backbone=dict(
        base_channels=16,
        num_stages=5,
        inflate_stages=(3, 5),
        down_stages=(3, 5),
    ),
    cls_head=dict(in_channels=64),
)
pre_transform = [
    dict(type='CenterSkeleton', layout=layout),
    dict(type='RandomRot', theta=(0.2, 0.8, 0.0)),
]
last_transform = [
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=26),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs'),
]
val_pipeline = [
    dict(type='CenterSkeleton', layout=layout),
    dict(type='ToStream', layout=layout),
    dict(type='UniformSampleDecode', clip_len=26, num_clips=1, test_mode=True),
    dict(type='FormatGCNInput', num_person=1),
    dict(type='PackActionInputs', meta_keys=('frame_dir',)),
]
in_process = dict(num_workers=0, persistent_workers=False)
held_back = dict(split='xview_dev_val', pipeline=val_pipeline)
train_dataloader = dict(
    **in_process,
    dataset=dict(
        times=2,
        dataset=dict(
            split='xview_dev_train', pipeline=[*pre_transform, *last_transform]
        ),
    ),
)
val_dataloader = dict(**in_process, dataset=held_back)
test_dataloader = dict(**in_process, dataset=held_back)

train_cfg = dict(max_epochs=12, val_interval=12)
optim_wrapper = dict(optimizer=dict(lr=0.1))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=12,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
