_base_ = './aclnet_1xb16-joint-u100-150e_gym-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='jm'))
val_dataloader = dict(dataset=dict(stream='jm'))
test_dataloader = dict(dataset=dict(stream='jm'))
