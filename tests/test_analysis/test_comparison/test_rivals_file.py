"""The rivals of the losses mean what their names say."""

import pytest
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from aclnet_plugin.analysis.sweep.grid import read_grid
from aclnet_plugin.analysis.sweep.resolve import resolve
from aclnet_plugin.models.losses import (
    InterClassAffinityLoss,
    IntraClassMarginLoss,
    PrototypeContrastiveLoss,
    SupervisedContrastiveLoss,
)
from tests.settings import CONFIGS

SMALL = {'model.backbone.base_channels': 8, 'model.cls_head.in_channels': 32}
SETTINGS = {
    one.name: one.options
    for one in read_grid(CONFIGS / 'sweeps' / 'rivals.yml').settings
}
INTER, INTRA = InterClassAffinityLoss, IntraClassMarginLoss

# Classes and weights of the inter and the intra loss, behaviour, smoothing.
MEANING = {
    'CE': (INTER, 0, INTRA, 0, 'paper', 0),
    'CE, smoothed': (INTER, 0, INTRA, 0, 'paper', 0.1),
    'CE + SupCon': (INTER, 0, SupervisedContrastiveLoss, 0.1, 'paper', 0),
    'CE + prototypes': (PrototypeContrastiveLoss, 0.1, INTRA, 0, 'paper', 0),
    'CE + inter': (INTER, 0.1, INTRA, 0, 'paper', 0),
    'CE + intra': (INTER, 0, INTRA, 0.1, 'paper', 0),
    'both': (INTER, 0.1, INTRA, 0.1, 'paper', 0),
    'both, release': (INTER, 0.1, INTRA, 0.1, 'release', 0),
}


def test_all_of_them_are_looked_at():
    assert set(SETTINGS) == set(MEANING)


@pytest.mark.parametrize('name', MEANING)
def test_a_rival_means_what_it_says(name):
    (path,) = CONFIGS.glob('aclnet_1xb16-joint-u*_nw-ucla-*.py')
    config = resolve(path, SMALL, SETTINGS[name])
    init_default_scope('mmaction')
    head = MODELS.build(config.model).cls_head
    assert MEANING[name] == (
        type(head.loss_inter),
        head.loss_inter.loss_weight,
        type(head.loss_intra),
        head.loss_intra.loss_weight,
        head.behaviour,
        head.label_smooth_eps,
    )
    # The released rules are those of the losses, too.
    if type(head.loss_intra) is IntraClassMarginLoss:
        assert (head.loss_intra.floor > 0) == (head.behaviour == 'release')
