_base_ = './aclnet_1xb16-bone-u100-150e_ntu60-xsub-keypoint-3d.py'

train_dataloader = dict(dataset=dict(stream='bm'))
val_dataloader = dict(dataset=dict(stream='bm'))
test_dataloader = dict(dataset=dict(stream='bm'))
