_base_ = './aclnet_1xb16-kbone-u100-150e_ntu60-xsub-keypoint-3d.py'

train_dataloader = dict(dataset=dict(stream='km'))
val_dataloader = dict(dataset=dict(stream='km'))
test_dataloader = dict(dataset=dict(stream='km'))
