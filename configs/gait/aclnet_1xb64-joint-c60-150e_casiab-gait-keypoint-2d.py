_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_coco17.py',
    '../_base_/datasets/casiab_gait_2d.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=74, embedding='pooled'))
optim_wrapper = dict(optimizer=dict(lr=0.1))
auto_scale_lr = dict(base_batch_size=64)
# The host cannot tell from the name that more is better.
default_hooks = dict(
    checkpoint=dict(save_best='gait/mean_rank1', rule='greater')
)
