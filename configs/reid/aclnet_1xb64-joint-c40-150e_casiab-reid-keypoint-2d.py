# The same joints in the image, computed from COCO's 17 with
# tools/data/slice_windows.py --joints openpose14. Call such results "2D":
# they are not comparable with those of lifted skeletons.
_base_ = './aclnet_1xb64-joint-c40-150e_casiab-reid-keypoint-3d.py'

ann_file = 'data/skeleton/casia_b_w40.pkl'
flat = dict(
    name='openpose14_image',
    num_node=14,
    center=1,
    dims=2,
    inward=[
        (0, 1), (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6),
        (8, 1), (9, 8), (10, 9), (11, 1), (12, 11), (13, 12),
    ],
)  # fmt: skip
# The base has a name here; a dict cannot be merged into a text.
layout = dict(_delete_=True, **flat)

model = dict(backbone=dict(graph_cfg=dict(layout=dict(_delete_=True, **flat))))
train_dataloader = dict(
    dataset=dict(ann_file=ann_file, layout=dict(_delete_=True, **flat))
)
val_dataloader = dict(
    dataset=dict(ann_file=ann_file, layout=dict(_delete_=True, **flat))
)
test_dataloader = dict(
    dataset=dict(ann_file=ann_file, layout=dict(_delete_=True, **flat))
)
