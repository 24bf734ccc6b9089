_base_ = './aclnet_1xb64-kbone-u100-150e_k400-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='km'))
val_dataloader = dict(dataset=dict(stream='km'))
test_dataloader = dict(dataset=dict(stream='km'))
