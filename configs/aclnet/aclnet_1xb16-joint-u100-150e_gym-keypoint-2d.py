_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_coco20.py',
    '../_base_/datasets/hrnet_2d.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=99, bank_size=1024))
