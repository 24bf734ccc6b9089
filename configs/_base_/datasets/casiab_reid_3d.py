# CASIA-B for person re-identification: windows of 40 frames, 14 joints lifted
# to three dimensions. tools/data/casiab_windows3d.py makes the file.
#
# Every frame is measured from the head, as TranSG does; no augmentation. A
# leaf changes the stream with dataset=dict(stream='b') in the three loaders.
# Whole walks work as well: a training draws 40 frames of each in every epoch;
# for a test cut them into windows first (tools/data/slice_windows.py).
#
# Test persons are none of the classes: no accuracy, no loss in validation.
_base_ = './loaders.py'

dataset_type = 'GaitPoseDataset'
# A store (tools/data/build_store.py) is read like the pickle it was made of.
ann_file = 'data/skeleton/casia_b_windows.pkl'
layout = 'openpose14'
clip_len = 40
min_frames = clip_len
meta_keys = ('frame_dir', 'subject', 'condition', 'seq', 'view', 'sample_idx')

pre_transform = [
    dict(type='SampleFrames', clip_len=clip_len),
    dict(type='PoseDecode'),
    dict(type='CenterOnJoint', joint=0),
]
last_transform = [
    # The layout is that of the dataset, which the 2D leaf replaces.
    dict(type='ToStream'),
    dict(type='FormatGCNInput', num_person=1),
    # Who walks is compared by the metrics, and goes with the embedding.
    dict(type='PackActionInputs', meta_keys=meta_keys),
]
train_pipeline = [*pre_transform, *last_transform]

eval_pre_transform = [
    dict(type='SampleFrames', clip_len=clip_len, test_mode=True),
    dict(type='PoseDecode'),
    dict(type='CenterOnJoint', joint=0),
]
val_pipeline = [*eval_pre_transform, *last_transform]
test_pipeline = val_pipeline

# For tools/extract_embeddings.py --tta: the window and its time-reversed copy.
tta_model = dict(type='RetrievalTTAModel')
tta_pipeline = [
    *eval_pre_transform,
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='TemporalReverse', p=0.0),
                dict(type='TemporalReverse', p=1.0),
            ],
            [dict(type='ToStream')],
            [dict(type='FormatGCNInput', num_person=1)],
            [dict(type='PackActionInputs', meta_keys=meta_keys)],
        ],
    ),
]

train_dataloader = dict(
    batch_size=64,
    drop_last=True,
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='reid_train',
        layout=layout,
        stream='j',
        min_frames=min_frames,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='reid_test',
        layout=layout,
        stream='j',
        min_frames=min_frames,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=64,
    dataset=dict(
        type=dataset_type,
        ann_file=ann_file,
        split='reid_test',
        layout=layout,
        stream='j',
        min_frames=min_frames,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = [dict(type='ReIDMetric')]
test_evaluator = val_evaluator
