_base_ = './aclnet_1xb16-bone-u100-150e_gym-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='bm'))
val_dataloader = dict(dataset=dict(stream='bm'))
test_dataloader = dict(dataset=dict(stream='bm'))
