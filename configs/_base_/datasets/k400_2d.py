# Kinetics-Skeleton: as the other HRNet skeletons, stored as a list of single
# skeletons per video, which DecompressPose sorts into frames and persons.
#
# The skeletons are read from a store. With one pickle per video, as published
# for MMAction2, no store is needed; set in the three datasets
#   ann_file='data/skeleton/k400_2d.pkl',
#   data_prefix=dict(skeleton='data/skeleton/kpfiles')
_base_ = './hrnet_2d.py'

ann_file = 'data/skeleton/k400_2d.store'
# No video is left out, and no box: valid_ratio 0 turns box_thr off.
box_thr = 0.5
valid_ratio = 0.0

pre_transform = [
    dict(type='DecompressPose', squeeze=True),
    *_base_.pre_transform,
]
train_pipeline = [*pre_transform, *_base_.last_transform]
val_pipeline = [
    dict(type='DecompressPose', squeeze=True),
    *_base_.val_pipeline,
]
test_pipeline = [
    dict(type='DecompressPose', squeeze=True),
    *_base_.test_pipeline,
]

train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    dataset=dict(
        ann_file=ann_file,
        box_thr=box_thr,
        valid_ratio=valid_ratio,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=8,
    dataset=dict(
        ann_file=ann_file,
        box_thr=box_thr,
        valid_ratio=valid_ratio,
        pipeline=val_pipeline,
    ),
)
test_dataloader = dict(
    num_workers=8,
    dataset=dict(
        ann_file=ann_file,
        box_thr=box_thr,
        valid_ratio=valid_ratio,
        pipeline=test_pipeline,
    ),
)
