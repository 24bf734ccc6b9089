# Walks made by tools/data/synthetic_gait.py, in the form of CASIA-B; see
# casiab_gait_2d.py. Train on some persons, test on others.
_base_ = './casiab_gait_2d.py'

ann_file = 'data/synthetic/gait.pkl'

train_dataloader = dict(batch_size=32, dataset=dict(ann_file=ann_file))
val_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
