_base_ = './aclnet_1xb64-joint-c40-150e_casiab-reid-keypoint-3d.py'

train_dataloader = dict(dataset=dict(stream='jm'))
val_dataloader = dict(dataset=dict(stream='jm'))
test_dataloader = dict(dataset=dict(stream='jm'))
