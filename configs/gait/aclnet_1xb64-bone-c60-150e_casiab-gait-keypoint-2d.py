_base_ = './aclnet_1xb64-joint-c60-150e_casiab-gait-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='b'))
val_dataloader = dict(dataset=dict(stream='b'))
test_dataloader = dict(dataset=dict(stream='b'))
