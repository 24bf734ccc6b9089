_base_ = './aclnet_1xb64-bone-c40-150e_casiab-reid-keypoint-3d.py'

train_dataloader = dict(dataset=dict(stream='bm'))
val_dataloader = dict(dataset=dict(stream='bm'))
test_dataloader = dict(dataset=dict(stream='bm'))
