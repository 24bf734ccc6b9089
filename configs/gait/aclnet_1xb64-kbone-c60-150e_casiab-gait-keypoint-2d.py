_base_ = './aclnet_1xb64-joint-c60-150e_casiab-gait-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='k'))
val_dataloader = dict(dataset=dict(stream='k'))
test_dataloader = dict(dataset=dict(stream='k'))
