_base_ = './aclnet_ntu25.py'

model = dict(
    backbone=dict(graph_cfg=dict(layout='kinect_v1')),
    cls_head=dict(relation_dim=400),
)
