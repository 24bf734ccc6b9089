_base_ = './aclnet_1xb16-joint-u100-150e_ntu60-xsub-keypoint-3d.py'

train_pipeline = [
    *_base_.pre_transform,
    dict(type='SkeletonFlip', p=0.5),
    *_base_.last_transform,
]
train_dataloader = dict(dataset=dict(stream='b', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(stream='b'))
test_dataloader = dict(dataset=dict(stream='b'))
