# PKU-MMD, cut into actions by tools/data/pku_mmd.py: as NTU RGB+D, but clips
# of half the length, and every stream now and then lacks an arm or a leg.
_base_ = './ntu_3d.py'

ann_file = 'data/skeleton/pkummd_3d.pkl'
clip_len = 50

last_transform = [
    dict(type='ToStream', layout=_base_.layout),
    dict(type='UniformSampleDecode', clip_len=clip_len),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
train_pipeline = [
    *_base_.pre_transform,
    dict(type='PartDrop', p=0.2),
    *last_transform,
]
val_pipeline = [
    *_base_.eval_pre_transform,
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=1,
        test_mode=True,
    ),
    *_base_.eval_last_transform,
]
test_pipeline = [
    *_base_.eval_pre_transform,
    dict(
        type='UniformSampleDecode',
        clip_len=clip_len,
        num_clips=10,
        test_mode=True,
    ),
    *_base_.eval_last_transform,
]

train_dataloader = dict(
    dataset=dict(ann_file=ann_file, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(ann_file=ann_file, pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(ann_file=ann_file, pipeline=test_pipeline))
