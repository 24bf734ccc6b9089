# ST-GCN of MMAction2 in place of our backbone, all else as it is. It has no
# relation vector: the pooled feature takes its place, and relation_dim is
# in_channels. The host knows its own layouts only, so that of Kinect v1 is
# spelt out, as get_layout('kinect_v1').to_graph_dict() gives it.
_base_ = './aclnet_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

kinect_v1 = dict(
    num_node=20,
    inward=[
        (0, 1), (1, 2), (3, 2), (4, 2), (5, 4), (6, 5), (7, 6),
        (8, 2), (9, 8), (10, 9), (11, 10), (12, 0), (13, 12), (14, 13),
        (15, 14), (16, 0), (17, 16), (18, 17), (19, 18),
    ],
    center=2,
)  # fmt: skip

model = dict(
    backbone=dict(
        _delete_=True,
        type='STGCN',
        graph_cfg=dict(layout=kinect_v1, mode='stgcn_spatial'),
    ),
    cls_head=dict(in_channels=256, relation_dim=None),
)
