# Batches of 16 persons with 4 walks each. With a plain shuffle a batch has
# less than one walk of each person, and positives come from the bank alone.
_base_ = './aclnet_1xb64-joint-c60-150e_casiab-gait-keypoint-2d.py'

train_dataloader = dict(
    sampler=dict(
        _delete_=True,
        type='RandomIdentitySampler',
        batch_size=64,
        num_instances=4,
    )
)
