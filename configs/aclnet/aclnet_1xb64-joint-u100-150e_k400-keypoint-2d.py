_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_coco20.py',
    '../_base_/datasets/k400_2d.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=400, bank_size=2048))
optim_wrapper = dict(optimizer=dict(lr=0.1))
auto_scale_lr = dict(base_batch_size=64)
