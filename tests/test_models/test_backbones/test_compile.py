"""`torch.compile` of the backbone, alone and inside a training step.

What each backend is worth: `eager` shows that the graph has no break,
`aot_eager` that forward and backward can be traced. Both compute bit for bit
what the backbone computes without them. `inductor` needs a C++ compiler on a
CPU.
"""

import copy
import shutil

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn
from torch._dynamo import explain

from tests.test_models.test_heads.test_acl_head import samples


@pytest.fixture(autouse=True)
def forget_compiled_code():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def config(**kwargs):
    defaults = dict(
        type='ACLGCN',
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=8,
        num_stages=2,
        inflate_stages=(2,),
        down_stages=(2,),
    )
    return defaults | kwargs


def build(model_config):
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(model_config)
    for name, parameter in model.named_parameters():
        # Zero at first: the relation vector would be zero, too.
        if name.endswith(('alpha', 'beta', 'add_coeff')):
            nn.init.constant_(parameter, 0.5)
    return model


def backbone(**kwargs):
    return build(config(**kwargs))


def clips(size=2, frames=8):
    g = torch.Generator().manual_seed(0)
    return torch.randn(size, 2, frames, 25, 3, generator=g)


def outcome(model, call, x):
    """Outputs, gradients and buffers of one step."""
    model.zero_grad()
    x = x.clone().requires_grad_()
    feats, relation = call(x)
    (feats.square().mean() + relation.square().sum()).backward()
    grads = {name: p.grad for name, p in model.named_parameters()}
    found = {'feats': feats.detach(), 'relation': relation.detach()}
    return found | grads | dict(model.named_buffers()) | {'input': x.grad}


def compiled_and_plain(model, x, **kwargs):
    twin = copy.deepcopy(model)
    call = torch.compile(model, fullgraph=True, **kwargs)
    return outcome(model, call, x), outcome(twin, twin, x)


@pytest.mark.parametrize('train', [True, False])
@pytest.mark.parametrize('backend', ['eager', 'aot_eager'])
def test_one_graph_and_the_same_numbers(backend, train):
    """`fullgraph` raises at the first break."""
    model = backbone().train(train)
    found, wanted = compiled_and_plain(model, clips(), backend=backend)
    assert found['relation'].abs().sum() > 0
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert torch.equal(found[name], value), name


def test_bfloat16_autocast_in_one_graph():
    model = backbone()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found, wanted = compiled_and_plain(model, clips(), backend='aot_eager')
    assert found['feats'].dtype == torch.bfloat16
    assert found['relation'].dtype == torch.float32
    for name, value in wanted.items():
        assert torch.equal(found[name], value), name


def test_no_break_in_all_ten_stages():
    report = explain(backbone(num_stages=10, inflate_stages=(5, 8)))(clips())
    assert report.graph_count == 1
    assert report.graph_break_count == 0


class Counting:
    """A backend that keeps each graph and runs it as it is."""

    def __init__(self):
        self.graphs = []

    def __call__(self, graph, example_inputs):
        self.graphs.append(graph)
        return graph.forward

    def number_with(self, function):
        return sum(
            any(node.target is function for node in graph.graph.nodes)
            for graph in self.graphs
        )


@pytest.mark.parametrize('behaviour', ['paper', 'release'])
def test_the_state_breaks_no_graph_and_compiles_nothing_again(behaviour):
    """As the Runner does it: the recogniser's `forward`, all phases."""
    head = dict(
        type='ACLHead',
        behaviour=behaviour,
        num_classes=3,
        in_channels=16,
        relation_dim=625,
        embed_dim=8,
        bank_size=12,
    )
    model = build(dict(type='RecognizerGCN', backbone=config(), cls_head=head))
    twin = copy.deepcopy(model)
    backend = Counting()
    model.forward = torch.compile(model.forward, backend=backend)
    optimizers = [
        torch.optim.SGD(m.parameters(), lr=0.05) for m in (model, twin)
    ]
    g = torch.Generator().manual_seed(0)
    for step in range(8):
        inputs = torch.randn(6, 1, 2, 8, 25, 3, generator=g)
        labels = torch.randint(0, 3, (6,), generator=g)
        losses = []
        for each, optimizer in zip((model, twin), optimizers, strict=True):
            each.cls_head.affinity.set_epoch(
                step + 1,
                counting=step >= 2,
                scoring=step >= 4,
                rebuild=step in (4, 6),
            )
            losses.append(each(inputs, samples(labels), mode='loss'))
            optimizer.zero_grad()
            sum(v for k, v in losses[-1].items() if 'loss' in k).backward()
            optimizer.step()
        for name, value in losses[1].items():
            assert torch.equal(losses[0][name], value), (step, name)
        if step == 0:
            compiled = len(backend.graphs)
            assert backend.number_with(torch.conv2d) == 1
            assert backend.number_with(torch.tanh) == 1
        assert len(backend.graphs) == compiled, f'compiled in step {step}'
    assert losses[0]['loss_inter'] > 0
    assert losses[0]['loss_intra'] > 0
    for name, value in twin.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, ('g++', 'clang++'))), reason='no C++ compiler'
)
def test_inductor():
    """One small stage; each operation it generates takes its time."""
    model = backbone(
        num_stages=1, down_stages=(), tcn_ms_cfg=((3, 2), ('max', 3), '1x1')
    )
    # In double: gradients of the input norm are sums that nearly cancel.
    found, wanted = compiled_and_plain(model.double(), clips().double())
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-8)
