# Minutes on one CPU core: a sixth of the width, six blocks.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_coco17.py',
    '../_base_/datasets/synthetic_gait_2d.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(
    backbone=dict(
        base_channels=16,
        num_stages=6,
        inflate_stages=(3, 5),
        down_stages=(3, 5),
    ),
    cls_head=dict(
        num_classes=24,
        in_channels=64,
        bank_size=256,
        embedding='pooled',
        # Ten neighbours would be almost half of the persons.
        families=dict(top_k=4, overlap_threshold=2),
    ),
)

train_cfg = dict(max_epochs=12, val_interval=4)
optim_wrapper = dict(optimizer=dict(lr=0.05))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        T_max=12,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
# The file need not have all views of CASIA-B.
val_evaluator = [dict(type='GaitRankMetric', views=None)]
test_evaluator = val_evaluator
auto_scale_lr = dict(base_batch_size=32)
custom_hooks = [dict(type='ConfusionStatisticsHook', count_begin=1, begin=2)]
default_hooks = dict(
    checkpoint=dict(
        max_keep_ckpts=1, save_best='gait/mean_rank1', rule='greater'
    ),
    logger=dict(interval=20),
)
randomness = dict(seed=0)
