# CTR-GCN, with its learned topology as relation vector. --cfg-options for the
# pooled feature instead:
#   model.backbone.relation=pooled model.cls_head.relation_dim=256
_base_ = './aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='CTRGCNet',
        graph_cfg=dict(layout='kinect_v1', mode='spatial'),
        relation='topology',
    ),
    cls_head=dict(in_channels=256, relation_dim=400),
)
