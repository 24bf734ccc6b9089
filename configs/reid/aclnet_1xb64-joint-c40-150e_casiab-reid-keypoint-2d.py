# The same joints in the image, computed from COCO's 17 with
# tools/data/slice_windows.py --joints openpose14. Call such results "2D":
# they are not comparable with those of lifted skeletons.
_base_ = './aclnet_1xb64-joint-c40-150e_casiab-reid-keypoint-3d.py'

ann_file = 'data/skeleton/casia_b_w40.pkl'
layout = 'openpose14_2d'

model = dict(backbone=dict(graph_cfg=dict(layout=layout)))
train_dataloader = dict(dataset=dict(ann_file=ann_file, layout=layout))
val_dataloader = dict(dataset=dict(ann_file=ann_file, layout=layout))
test_dataloader = dict(dataset=dict(ann_file=ann_file, layout=layout))
