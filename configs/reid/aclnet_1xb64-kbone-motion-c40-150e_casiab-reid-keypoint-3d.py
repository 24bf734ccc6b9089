_base_ = './aclnet_1xb64-kbone-c40-150e_casiab-reid-keypoint-3d.py'

train_dataloader = dict(dataset=dict(stream='km'))
val_dataloader = dict(dataset=dict(stream='km'))
test_dataloader = dict(dataset=dict(stream='km'))
