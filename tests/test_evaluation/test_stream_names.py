import pytest

from aclnet_plugin.evaluation import stream_of


@pytest.mark.parametrize(
    ('path', 'stream'),
    [
        ('j.pkl', 'j'),
        ('work_dirs/jm/pred.pkl', 'jm'),
        ('a/pred_bm.pkl', 'bm'),
        ('a/km-10clip.npz', 'km'),
        ('JM.pkl', 'jm'),
        ('work_dirs/aclnet_1xb16-joint-u100-150e_ntu60-xsub/p.pkl', 'j'),
        ('aclnet_1xb16-bone-u52-65e_nw-ucla-xview-keypoint-3d.pkl', 'b'),
        ('aclnet_1xb16-kbone-u52-65e_nw-ucla-xview-keypoint-3d.pkl', 'k'),
        ('aclnet_1xb16-joint-motion-u52-65e_x/pred.pkl', 'jm'),
        ('aclnet_1xb16-bone-motion-u52-65e_x/pred.pkl', 'bm'),
        ('aclnet_1xb16-kbone-motion-u52-65e_x/pred.pkl', 'km'),
        ('runs/joint_motion/pred.pkl', 'jm'),
        ('runs/bone/j.pkl', 'j'),
        ('bone/run/pred.pkl', 'b'),
        ('/home/j/work_dirs/run/pred.pkl', None),
        ('pred.pkl', None),
        ('joints-of-everything.pkl', None),
        ('backbone/pred.pkl', None),
        ('j_and_b.pkl', None),
        ('joint+bone/pred.pkl', None),
    ],
)
def test_stream_of(path, stream):
    assert stream_of(path) == stream
