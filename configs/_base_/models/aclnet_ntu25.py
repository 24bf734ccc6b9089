model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='ACLGCN', base_channels=96, graph_cfg=dict(layout='nturgb+d')
    ),
    cls_head=dict(
        type='ACLHead',
        num_classes=60,
        in_channels=384,
        relation_dim=625,
        bank_size=512,
    ),
)
