_base_ = './aclnet_1xb64-joint-u100-150e_k400-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='k'))
val_dataloader = dict(dataset=dict(stream='k'))
test_dataloader = dict(dataset=dict(stream='k'))
