"""Pictures of predictions, and the confusable class beside them."""

import numpy as np
import pytest
import torch
from PIL import Image

from aclnet_plugin.apis import ACLInferencer, InferenceError
from aclnet_plugin.apis.companions import Companions, Examples
from aclnet_plugin.apis.inferencers.inputs import InputOptions

SMALL = dict(vis_step=10)


def test_one_file(infer, walk, tmp_path):
    path = tmp_path / 'a' / 'walk.gif'
    found = infer(walk, window=10, vis_out=path, **SMALL)
    assert found['visualization'] == [str(path)]
    with Image.open(path) as image:
        assert image.n_frames == 4
        # Every tenth of 30 frames a second.
        assert image.info['duration'] == 330


def test_a_folder_for_several(infer, walk, tmp_path, trained):
    inputs = [walk, walk[:, :2], str(trained.ann_file)]
    found = infer(
        inputs,
        names=['xsub_val_00', 'xsub_val_01'],
        vis_out=tmp_path / 'out',
        vis_format='png',
        on_error='skip',
    )
    names = [one and one.rsplit('/', 1)[1] for one in found['visualization']]
    assert names == ['input_0.png', None, 'xsub_val_00.png', 'xsub_val_01.png']
    assert len(list((tmp_path / 'out').iterdir())) == 3
    with pytest.raises(InferenceError, match='give a folder'):
        infer([walk, walk], vis_out=tmp_path / 'one.gif')


def test_equal_names_do_not_overwrite_each_other(infer, trained, tmp_path):
    path = str(trained.ann_file)
    found = infer(
        [path, path], names=['xsub_val_00'], vis_out=tmp_path, **SMALL
    )
    assert len(set(found['visualization'])) == 2


def test_nothing_is_drawn_unless_asked(infer, walk):
    assert infer(walk)['visualization'] == [None]


def test_who_is_who(infer, walk, tmp_path):
    pose = np.stack([walk, walk + np.array([5, 0, 0])]).astype(np.float32)
    path = tmp_path / 'two.png'
    infer(pose, per_person=True, vis_out=path)
    with Image.open(path) as image:
        colours = {c for _, c in image.convert('RGB').getcolors(1 << 20)}
    assert {(31, 97, 165), (205, 84, 34)} <= colours


@pytest.fixture
def confused(trained, config, tmp_path):
    """A checkpoint that takes each class for the next, and says so."""
    saved = torch.load(trained.j, weights_only=True)
    state = saved['state_dict']
    counts = state['cls_head.affinity.confusion.counts']
    counts.zero_()
    counts[0, 1] = counts[1, 2] = 5
    member = state['cls_head.affinity.families.member']
    member.zero_()
    member[0, 1] = True
    path = tmp_path / 'confused.pth'
    torch.save(saved, path)
    return path


def test_companions(confused):
    found = Companions(confused)
    assert found.names == ['drink', 'eat', 'clap']
    assert found.of(0)[::2] == (1, True)
    assert found.of(1)[::2] == (2, False)
    with pytest.raises(InferenceError, match='no class 7'):
        found.of(7)


def test_families_in_force_come_first(confused):
    saved = torch.load(confused, weights_only=True)
    state = saved['state_dict']
    # By its counts it is confused with 1, in the training 2 is its family.
    member = state['cls_head.affinity.families.member']
    member[0] = torch.tensor([False, False, True])
    torch.save(saved, confused)
    assert Companions(confused).of(0)[::2] == (2, True)


def test_an_example_is_another_sequence(trained):
    examples = Examples(str(trained.ann_file), InputOptions())
    for _ in range(2):
        found = examples.of(0, 'xsub_train_00')
        assert found.name == 'xsub_train_03' and found.truth == 0
    assert examples.of(1).name == 'xsub_train_01'
    with pytest.raises(InferenceError, match='no sequence of class 9'):
        examples.of(9)


def test_the_confusable_class_beside(
    config, confused, trained, walk, tmp_path
):
    recognise = ACLInferencer(config, confused, 'cpu')
    alone, both = tmp_path / 'alone.gif', tmp_path / 'both.gif'
    label = recognise(walk, vis_out=alone, **SMALL)['predictions'][0]['label']
    other = Companions(confused).of(label)
    recognise(walk, vis_out=both, beside=str(trained.ann_file), **SMALL)
    with Image.open(alone) as first, Image.open(both) as second:
        assert (second.width > 2 * first.width - 2) == (other is not None)


def test_beside_needs_the_statistics(config, trained, walk, tmp_path):
    bare = ACLInferencer(config, device='cpu')
    with pytest.raises(InferenceError, match='needs a checkpoint'):
        bare(walk, vis_out=tmp_path / 'a.gif', beside=str(trained.ann_file))


def test_unknown_axes_are_asked_for(config, walk, tmp_path):
    layout = dict(
        num_node=25, inward=[(v, v - 1) for v in range(1, 25)], center=0
    )
    config.test_dataloader.dataset.layout = layout
    odd = ACLInferencer(config, device='cpu')
    with pytest.raises(ValueError, match='--up'):
        odd(walk, vis_out=tmp_path / 'a.gif')
    odd(walk, vis_out=tmp_path / 'a.gif', up='z', **SMALL)
    assert (tmp_path / 'a.gif').is_file()
