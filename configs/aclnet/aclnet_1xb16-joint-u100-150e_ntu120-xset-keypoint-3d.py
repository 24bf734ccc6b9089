_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/aclnet_ntu25.py',
    '../_base_/datasets/ntu_3d.py',
    '../_base_/schedules/sgd_150e.py',
]

ann_file = 'data/skeleton/ntu120_3d.pkl'
model = dict(cls_head=dict(num_classes=120, bank_size=1024))
train_dataloader = dict(dataset=dict(ann_file=ann_file, split='xset_train'))
val_dataloader = dict(dataset=dict(ann_file=ann_file, split='xset_val'))
test_dataloader = dict(dataset=dict(ann_file=ann_file, split='xset_val'))
