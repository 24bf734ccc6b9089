# CASIA-B for gait recognition: COCO's 17 joints in pixels with their score,
# one person, clips of 60 consecutive frames. tools/data/casiab_csv.py or
# casiab_pose.py make the file.
#
# Augmentation, sampling and test are those of GaitGraph; coordinates stay in
# pixels. Streams are computed from the augmented clip. A leaf changes the
# stream with dataset=dict(stream='b') in the three loaders.
#
# Test persons are none of the classes: no accuracy, no loss in validation.
_base_ = './loaders.py'

dataset_type = 'GaitPoseDataset'
# A store (tools/data/build_store.py) is read like the pickle it was made of.
ann_file = 'data/skeleton/casia_b.pkl'
layout = 'coco'
clip_len = 60
# Walks of 60 frames are left out, too; the rule changes the denominators.
min_frames = 61
meta_keys = ('frame_dir', 'subject', 'condition', 'seq', 'view', 'sample_idx')

pre_transform = [
    dict(type='RandomMirrorPose', p=0.5),
    dict(type='TemporalReverse', p=0.5),
    dict(type='SampleFrames', clip_len=clip_len),
    dict(type='PoseDecode'),
    dict(type='PointNoise', std=0.05),
    dict(type='JointNoise', std=0.25),
]
last_transform = [
    dict(type='ToStream', layout=layout),
    dict(type='FormatGCNInput', num_person=1),
    # Who walks is compared by the metrics, and goes with the embedding.
    dict(type='PackActionInputs', meta_keys=meta_keys),
]
train_pipeline = [*pre_transform, *last_transform]

# One clip from the middle.
eval_pre_transform = [
    dict(type='SampleFrames', clip_len=clip_len, test_mode=True),
    dict(type='PoseDecode'),
]
val_pipeline = [*eval_pre_transform, *last_transform]
test_pipeline = val_pipeline

# For tools/extract_embeddings.py --tta: the clip and its time-reversed copy.
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
            [dict(type='ToStream', layout=layout)],
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
        split='train',
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
        split='test',
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
        split='test',
        layout=layout,
        stream='j',
        min_frames=min_frames,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = [dict(type='GaitRankMetric')]
test_evaluator = val_evaluator
