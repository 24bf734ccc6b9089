_base_ = './aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

train_dataloader = dict(dataset=dict(dataset=dict(stream='b')))
val_dataloader = dict(dataset=dict(stream='b'))
test_dataloader = dict(dataset=dict(stream='b'))
