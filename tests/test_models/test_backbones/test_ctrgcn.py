import copy
import io

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from aclnet_plugin.models import CTRGCNet
from aclnet_plugin.structures import get_layout
from tests.test_models.test_heads.test_no_synchronisation import Watch

KINECT = get_layout('kinect_v1').to_graph_dict()


def small(**kwargs):
    defaults = dict(
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=8,
        num_stages=3,
        inflate_stages=(2,),
        down_stages=(3,),
    )
    torch.manual_seed(0)
    return CTRGCNet(**{**defaults, **kwargs})


def awake(**kwargs):
    """A small one in which the topologies are refined."""
    model = small(**kwargs)
    for name, parameter in model.named_parameters():
        if name.endswith(('alpha', 'gcn.bn.weight')):
            nn.init.constant_(parameter, 0.5)
    return model


def clips(*shape):
    g = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=g)


@pytest.mark.parametrize('persons', [1, 3])
@pytest.mark.parametrize('frames', [1, 8, 9])
@pytest.mark.parametrize(
    ('layout', 'joints'),
    [('nturgb+d', 25), ('coco', 17), ('openpose', 18), (KINECT, 20)],
)
def test_shapes(layout, joints, frames, persons):
    model = small(graph_cfg=dict(layout=layout), relation='topology')
    feats, relation = model(clips(2, persons, frames, joints, 3))
    assert feats.shape == (2, persons, 16, -(-frames // 2), joints)
    assert feats.shape[2] == model.out_channels
    assert relation.shape == (2, joints**2)


@pytest.mark.parametrize(
    ('layout', 'joints', 'channels'),
    [
        ('kinect_v1', 20, 3),
        ('coco_new', 20, 3),
        ('openpose14', 14, 3),
        ('openpose14_2d', 14, 2),
    ],
)
@pytest.mark.parametrize('mode', ['spatial', 'stgcn_spatial', 'binary_adj'])
def test_layouts_of_this_package(layout, joints, channels, mode):
    model = small(
        graph_cfg=dict(layout=layout, mode=mode), in_channels=channels
    )
    assert model.layout.name == layout
    found = model(clips(2, 1, 4, joints, channels))
    assert found.shape == (2, 1, 16, 2, joints)


def expected_parameters(joints, base=64, subsets=3, channels=3):
    """Counted from the paper's description, number by number."""

    def conv(inputs, outputs, kernel=1):
        return inputs * outputs * kernel + outputs

    def conv_bn(*sizes):
        return conv(*sizes) + 2 * sizes[1]

    total = 2 * channels * joints
    widths = [channels, *[base] * 4, *[2 * base] * 3, *[4 * base] * 3]
    for i in range(10):
        here, there = widths[i : i + 2]
        narrow = here // 8 if i else 8
        # The spatial unit: shared topologies, their refinement, features.
        total += subsets * joints**2 + 1
        total += subsets * (2 * conv(here, narrow) + conv(narrow, there))
        total += subsets * conv(here, there) + 2 * there
        # Two dilated branches, one of maxima, one of 1x1.
        part = there // 4
        total += 2 * (conv_bn(there, part) + conv_bn(part, part, 5))
        total += conv_bn(there, part) + 2 * part + conv_bn(there, part)
        if here != there:
            # Shortcuts of the unit and, but for the first, of the block.
            total += conv_bn(here, there) * (2 if i else 1)
    return total


@pytest.mark.parametrize('layout', ['nturgb+d', 'coco'])
def test_number_of_parameters(layout):
    model = CTRGCNet(graph_cfg=dict(layout=layout))
    found = sum(p.numel() for p in model.parameters())
    assert found == expected_parameters(get_layout(layout).num_joints)
    if layout == 'nturgb+d':
        # Published: 1.46 M with a classifier of 120 classes. The authors'
        # code has 150 more, which normalise the second person by itself.
        assert found + 257 * 120 == 1_461_942


def test_the_relation_is_what_the_last_block_finds():
    model = awake(relation='topology').eval()
    x = clips(2, 3, 8, 25, 3)
    seen = []
    model.blocks[-1].register_forward_hook(lambda *a: seen.append(a[2][1]))
    _, relation = model(x)
    found = seen[0].view(2, 3, 3, 16, 25, 25)
    want = torch.zeros(2, 25, 25)
    for person in range(3):
        for subset in range(3):
            for channel in range(16):
                want += found[:, person, subset, channel] / (3 * 3 * 16)
    torch.testing.assert_close(relation, want.flatten(1))
    assert relation.std(0).max() > 0, 'it differs between samples'


def test_the_relation_has_a_say_from_the_start():
    """Before alpha, which is zero, has let it into the features."""
    model = small(relation='topology')
    _, relation = model(clips(4, 1, 8, 25, 3))
    assert relation.std(0).mean() > 0.1 * relation.abs().mean() > 0
    relation.square().sum().backward()
    unit = model.blocks[-1].gcn
    assert not unit.alpha.any() and unit.source.weight.grad.any()


def test_the_choice_of_relation_changes_no_feature():
    model = awake(relation='topology')
    twin = copy.deepcopy(model)
    twin.relation = 'pooled'
    x = clips(2, 2, 8, 25, 3)
    assert torch.equal(model(x)[0], twin(x))
    assert torch.is_tensor(small()(x)), 'as any head of the host takes it'


def test_seed_decides_about_the_start():
    one, same, other = small(), small(), small()
    torch.manual_seed(1)
    other = CTRGCNet(dict(layout='nturgb+d'), base_channels=8, num_stages=3)
    pairs = zip(one.parameters(), same.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs)
    weights = [m.blocks[0].gcn.value.weight for m in (one, other)]
    assert not torch.equal(*weights)


def test_weights_survive_a_file():
    model = awake(relation='topology')
    model(clips(2, 1, 8, 25, 3))  # statistics of its own
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    twin = small(relation='topology')
    twin.load_state_dict(torch.load(file, weights_only=True))
    x = clips(2, 2, 8, 25, 3)
    torch.testing.assert_close(twin.eval()(x), model.eval()(x), rtol=0, atol=0)


def test_an_absent_person_leaves_the_other_alone():
    model = awake(relation='topology').double().eval()
    x = clips(2, 2, 8, 25, 3).double()
    x[:, 1] = 0
    feats, relation = model(x)
    alone, _ = model(x[:, :1])
    torch.testing.assert_close(feats[:, :1], alone)
    assert torch.isfinite(feats).all() and torch.isfinite(relation).all()


def test_no_value_is_fetched():
    model = awake(relation='topology')
    x = clips(2, 2, 8, 25, 3)
    with Watch() as watch:
        feats, relation = model(x)
        (feats.mean() + relation.sum()).backward()
    assert not watch.seen


def test_bfloat16_autocast():
    model = awake(relation='topology')
    x = clips(2, 1, 8, 25, 3)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        feats, relation = model(x)
    (feats.float().mean() + relation.sum()).backward()
    assert relation.dtype == torch.float32, 'too small for bfloat16'
    exact, exact_relation = model(x)
    torch.testing.assert_close(feats.float(), exact, rtol=0.1, atol=0.1)
    scale = exact_relation.abs().max()
    assert (relation - exact_relation).abs().max() < 0.05 * scale


def test_compiled_it_is_one_graph_with_the_same_numbers():
    torch.compiler.reset()
    model = awake(relation='topology', num_stages=2)
    twin = copy.deepcopy(model)
    call = torch.compile(model, fullgraph=True, backend='aot_eager')
    for each in (call, twin):
        feats, relation = each(clips(2, 2, 8, 25, 3))
        (feats.square().mean() + relation.square().sum()).backward()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(p.grad, q.grad)
    torch.compiler.reset()


def test_input_that_does_not_fit_is_explained():
    model = small()
    with pytest.raises(ValueError, match=r'25 joints.*has 20 with 3'):
        model(torch.randn(1, 1, 4, 20, 3))
    with pytest.raises(ValueError, match=r'3 channels.*has 25 with 2'):
        model(torch.randn(1, 1, 4, 25, 2))
    with pytest.raises(ValueError, match='FormatGCNInput'):
        model(torch.randn(1, 4, 25, 3))


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (
            dict(relation='gram'),
            r"one of \['pooled', 'topology'\], got 'gram'",
        ),
        (dict(graph_cfg=dict(layout='coco', mode='random')), 'CTRGCNet takes'),
        (dict(base_channels=3), '4 temporal branches'),
    ],
)
def test_wrong_settings_are_explained(kwargs, message):
    with pytest.raises(ValueError, match=message):
        small(**kwargs)


def test_registered_beside_that_of_a_project_of_the_host():
    config = dict(type='CTRGCNet', graph_cfg=dict(layout='coco'), num_stages=1)
    assert isinstance(MODELS.build(config), CTRGCNet)
    # What MMAction2's projects register must find its place free.
    assert not {'CTRGCN', 'MSG3D'} & set(MODELS.module_dict)
