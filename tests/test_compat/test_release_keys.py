import pytest
import torch

from aclnet_plugin.compat.release_keys import (
    accept_release_keys,
    from_release,
    to_release,
)

RELEASE = {
    'backbone.data_bn.weight': 1,
    'cls_head.intra_loss.cl_fc.bias': 2,
    'backbone.gcn.0.gcn.A': 3,
    'cls_head.fc_cls.weight': 4,
    'cls_head.inter_loss.cl_fc.weight': 5,
}
OURS = {
    'backbone.data_bn.weight': 1,
    'cls_head.intra_proj.bias': 2,
    'backbone.gcn.0.gcn.A': 3,
    'cls_head.fc.weight': 4,
    'cls_head.inter_proj.weight': 5,
}


def test_there_and_back():
    there = from_release(RELEASE)
    assert list(there.state.items()) == list(OURS.items())
    assert there.renamed == {
        'cls_head.intra_loss.cl_fc.bias': 'cls_head.intra_proj.bias',
        'cls_head.fc_cls.weight': 'cls_head.fc.weight',
        'cls_head.inter_loss.cl_fc.weight': 'cls_head.inter_proj.weight',
    }
    assert there.left_out == there.unknown == ()
    back = to_release(there.state)
    assert list(back.state.items()) == list(RELEASE.items())
    assert back.renamed == {new: old for old, new in there.renamed.items()}


def test_state_has_no_place_in_the_release():
    more = OURS | {'cls_head.affinity.epoch': 6}
    done = to_release(more)
    assert done.state == RELEASE
    assert done.left_out == ('cls_head.affinity.epoch',)
    # Ours already: nothing to rename, nothing to leave out.
    assert from_release(more).state == more


def test_wrapped_models():
    wrapped = {f'module.{key}': value for key, value in RELEASE.items()}
    done = from_release(wrapped)
    assert done.state == OURS
    assert done.renamed.keys() == wrapped.keys()


@pytest.mark.parametrize(
    'key', ['backbone.conv.weight', 'cls_head.fc_cls2.bias', 'ema.x', 'x']
)
def test_unknown_keys_are_kept_and_told(key):
    for convert in (from_release, to_release):
        done = convert({key: 1})
        assert done.state == {key: 1}
        assert done.unknown == (key,)


def test_keys_of_both_formats():
    with pytest.raises(ValueError, match=r'intra_proj\.bias, which is there'):
        from_release(RELEASE | OURS)
    with pytest.raises(ValueError, match=r'cl_fc\.bias, which is there'):
        to_release(RELEASE | OURS)


def test_loading_accepts_what_the_conversion_makes():
    """The hook of the head and the conversion name the same keys."""
    state = {
        key.removeprefix('cls_head.'): torch.tensor(value)
        for key, value in RELEASE.items()
        if key.startswith('cls_head.')
    }
    accept_release_keys(state)
    assert {f'cls_head.{key}' for key in state} == {
        key for key in OURS if key.startswith('cls_head.')
    }
