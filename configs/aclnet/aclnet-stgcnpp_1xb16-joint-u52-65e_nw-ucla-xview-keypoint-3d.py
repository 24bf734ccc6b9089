# ST-GCN++: ST-GCN with these settings.
_base_ = './aclnet-stgcn_1xb16-joint-u52-65e_nw-ucla-xview-keypoint-3d.py'

model = dict(
    backbone=dict(
        gcn_adaptive='init',
        gcn_with_res=True,
        tcn_type='mstcn',
        graph_cfg=dict(mode='spatial'),
    )
)
