_base_ = './aclnet_1xb16-joint-u100-150e_ntu60-xview-keypoint-3d.py'

train_pipeline = [
    *_base_.pre_transform,
    dict(type='PartDrop', p=0.2),
    *_base_.last_transform,
]
train_dataloader = dict(dataset=dict(stream='k', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(stream='k'))
test_dataloader = dict(dataset=dict(stream='k'))
