_base_ = './aclnet_1xb64-bone-u100-150e_k400-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='bm'))
val_dataloader = dict(dataset=dict(stream='bm'))
test_dataloader = dict(dataset=dict(stream='bm'))
