_base_ = 'mmaction::_base_/default_runtime.py'

custom_imports = dict(imports=['aclnet_plugin'])
custom_hooks = [dict(type='ConfusionStatisticsHook', count_begin=29, begin=30)]
# The projections take no part in the phases in which their loss is inactive.
find_unused_parameters = True

default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=3, save_best='acc/top1'),
    logger=dict(interval=100),
)
