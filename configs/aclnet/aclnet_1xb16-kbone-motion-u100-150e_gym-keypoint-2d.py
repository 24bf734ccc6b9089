_base_ = './aclnet_1xb16-kbone-u100-150e_gym-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='km'))
val_dataloader = dict(dataset=dict(stream='km'))
test_dataloader = dict(dataset=dict(stream='km'))
