# AAGCN of MMAction2. Statistics per joint, for any number of persons.
_base_ = './aclnet-stgcn_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

model = dict(
    backbone=dict(
        type='AAGCN', data_bn_type='VC', graph_cfg=dict(mode='spatial')
    )
)
