# A third of the width and of the epochs: trains within an hour on two cores.
_base_ = './aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

model = dict(backbone=dict(base_channels=32), cls_head=dict(in_channels=128))
train_cfg = dict(max_epochs=24)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=24,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
custom_hooks = [dict(type='ConfusionStatisticsHook', count_begin=4, begin=5)]
