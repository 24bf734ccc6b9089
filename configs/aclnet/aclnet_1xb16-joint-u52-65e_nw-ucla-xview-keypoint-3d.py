_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_kinect20.py',
    '../_base_/datasets/nw_ucla_3d.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=10))
train_cfg = dict(max_epochs=65)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=65,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
# The affinity losses start after a fifth of the epochs, as in the others.
custom_hooks = [dict(type='ConfusionStatisticsHook', count_begin=12, begin=13)]
