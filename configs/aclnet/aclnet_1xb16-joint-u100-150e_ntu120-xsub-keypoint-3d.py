_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_ntu25.py',
    '../_base_/datasets/ntu_3d.py',
    '../_base_/schedules/sgd_150e.py',
]

ann_file = 'data/skeleton/ntu120_3d.pkl'
model = dict(cls_head=dict(num_classes=120, bank_size=1024))

train_pipeline = [
    *_base_.pre_transform,
    dict(type='SkeletonFlip', p=0.5),
    *_base_.last_transform,
]
train_dataloader = dict(
    dataset=dict(ann_file=ann_file, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
