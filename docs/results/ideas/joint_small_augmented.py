_base_ = './joint_small.py'

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                *_base_.pre_transform,
                dict(type='SkeletonFlip', p=0.5, layout=_base_.layout),
                dict(type='PartDrop', p=0.2, layout=_base_.layout),
                *_base_.last_transform,
            ]
        )
    )
)
