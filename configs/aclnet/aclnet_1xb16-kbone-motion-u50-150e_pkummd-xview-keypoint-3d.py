_base_ = './aclnet_1xb16-kbone-u50-150e_pkummd-xview-keypoint-3d.py'

train_dataloader = dict(dataset=dict(stream='km'))
val_dataloader = dict(dataset=dict(stream='km'))
test_dataloader = dict(dataset=dict(stream='km'))
