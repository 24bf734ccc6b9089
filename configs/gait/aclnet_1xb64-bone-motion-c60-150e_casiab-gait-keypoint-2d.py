_base_ = './aclnet_1xb64-bone-c60-150e_casiab-gait-keypoint-2d.py'

train_dataloader = dict(dataset=dict(stream='bm'))
val_dataloader = dict(dataset=dict(stream='bm'))
test_dataloader = dict(dataset=dict(stream='bm'))
