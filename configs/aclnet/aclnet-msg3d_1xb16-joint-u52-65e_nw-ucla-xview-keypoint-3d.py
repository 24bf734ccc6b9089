# MS-G3D. Its graphs are the same for all samples: the pooled feature is the
# relation vector, and relation_dim is in_channels.
_base_ = './aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='MSG3DNet',
        graph_cfg=dict(layout='kinect_v1', mode='binary_adj'),
    ),
    cls_head=dict(in_channels=384, relation_dim=None),
)
