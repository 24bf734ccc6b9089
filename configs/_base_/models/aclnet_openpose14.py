_base_ = './aclnet_ntu25.py'

model = dict(
    backbone=dict(graph_cfg=dict(layout='openpose14')),
    cls_head=dict(relation_dim=196),
)
