# What the data sets share: loaders and metric. A data set adds
# dataset=dict(...) to each loader. Batch and learning rate belong together:
# see auto_scale_lr in the schedule.
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
# One sequence at a time: ten clips of it are a batch already.
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)

# Top-1, top-5 and the mean accuracy of the classes.
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
