import numpy as np
import pytest

from aclnet_plugin.analysis.curves import chosen_keys, panels_of, title_of
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.training_log import Series, TrainingLog


def log_of(name, steps_per_epoch=4, **values):
    series = {
        key.replace('__', '/'): Series(
            4 * np.arange(1, len(y) + 1), np.array(y)
        )
        for key, y in values.items()
    }
    return TrainingLog(name, series, steps_per_epoch)


def test_usual_curves_come_in_their_order():
    log = log_of('a', lr=[1.0], acc__top1=[0.5], loss_cls=[2.0], time=[1.0])
    assert chosen_keys([log], None) == ['loss_cls', 'acc/top1']
    assert chosen_keys([log], ['lr', 'acc/*']) == ['lr', 'acc/top1']
    with pytest.raises(AnalysisError, match=r"nothing called 'x' .* lr, acc"):
        chosen_keys([log], ['x'])


def test_another_head():
    log = log_of('a', lr=[1.0], triplet_loss=[2.0], time=[1.0])
    assert chosen_keys([log], None) == ['lr', 'triplet_loss']
    with pytest.raises(AnalysisError, match='no loss was logged'):
        chosen_keys([log_of('a', time=[1.0])], None)


def test_panels():
    noisy = [4.0, 2.0] * 4
    logs = [
        log_of('a', loss_cls=noisy, affinity__families=[3.0] * 8),
        log_of('b', loss_cls=noisy),
    ]
    panels = panels_of(logs, ['loss_cls', 'affinity/families'], 'epoch', 3)
    assert list(panels) == ['classification loss', 'classes with a family']
    assert [list(lines) for lines in panels.values()] == [['a', 'b'], ['a']]
    line = panels['classification loss']['a']
    np.testing.assert_array_equal(line.x, np.arange(1, 9))
    assert np.ptp(line.smooth) < np.ptp(line.y) and not line.step
    held = panels['classes with a family']['a']
    assert held.smooth is None and held.step
    panels = panels_of(logs, ['loss_cls'], 'step', 1)
    assert panels['classification loss']['b'].smooth is None
    assert panels['classification loss']['b'].x[0] == 4
    assert title_of('other') == 'other'
