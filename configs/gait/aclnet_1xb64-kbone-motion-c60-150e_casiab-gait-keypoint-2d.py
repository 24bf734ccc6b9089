_base_ = './aclnet_1xb64-kbone-c60-150e_casiab-gait-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='km'))
val_dataloader = dict(dataset=dict(stream='km'))
test_dataloader = dict(dataset=dict(stream='km'))
