import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from aclnet_plugin.models.loading import (
    build_model,
    first_of,
    first_reason,
    weights_of,
)


def test_model_that_cannot_be_built():
    class OwnError(ValueError):
        pass

    init_default_scope('mmaction')
    with pytest.raises(
        OwnError, match=r'cannot be built: KeyError: .*Nothing'
    ):
        build_model(Config(dict(model=dict(type='Nothing'))), OwnError)


@pytest.mark.parametrize(
    'wrap', [dict, lambda x: {'state_dict': x, 'meta': 1}]
)
def test_weights(wrap):
    one = torch.ones(1)
    saved = wrap({'module.fc.weight': one, 'fc.bias': one, 'note': 'text'})
    assert weights_of(saved) == {'fc.weight': one, 'fc.bias': one}
    assert weights_of([one]) == {}


def test_reasons():
    model = torch.nn.Linear(2, 3)
    with pytest.raises(RuntimeError) as error:
        model.load_state_dict({'weight': torch.ones(3, 5)}, strict=False)
    reason = first_reason(error.value)
    assert reason.startswith('size mismatch for weight: copying')
    assert not reason.endswith('.')
    assert first_reason(RuntimeError('short.')) == 'short'
    assert first_of(['a']) == 'a'
    assert first_of(['a', 'b', 'c']) == 'a and 2 more'
