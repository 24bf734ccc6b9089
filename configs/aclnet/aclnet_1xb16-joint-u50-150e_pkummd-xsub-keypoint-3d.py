_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_ntu25.py',
    '../_base_/datasets/pkummd_3d.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=51))
