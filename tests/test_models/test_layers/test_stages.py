import pytest

from aclnet_plugin.models.layers.stages import stage_channels


def test_channels_by_hand():
    got = list(stage_channels(3, 64, 5, (1, 3, 5)))
    assert got == [
        (1, 3, 64),
        (2, 64, 64),
        (3, 64, 128),
        (4, 128, 128),
        (5, 128, 256),
    ], 'the first stage is never inflated'


@pytest.mark.parametrize('ratio', [1, 3])
def test_ratio(ratio):
    *_, (_, _, last) = stage_channels(3, 8, 3, (2, 3), ratio)
    assert last == 8 * ratio**2
