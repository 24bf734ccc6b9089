"""Mean, spread and gain of settings, and the picture they become."""

from pathlib import Path

import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.grid import Grid, Setting, full_grid
from aclnet_plugin.analysis.sweep.outcomes import Outcome
from aclnet_plugin.analysis.sweep.picture import draw
from aclnet_plugin.analysis.sweep.plan import Entry, Plan
from aclnet_plugin.analysis.sweep.results import Result
from aclnet_plugin.analysis.sweep.summary import summarise
from aclnet_plugin.analysis.sweep.tables import as_json, as_rows


@pytest.fixture
def sweep(run_of, tmp_path):
    """A plan and its outcomes: one list of top-1 for each setting."""

    def make(grid, values, base=0, **kept):
        entries, outcomes = [], []
        for i, setting in enumerate(grid.settings):
            runs = [run_of(f's{i}', seed) for seed in range(len(values[i]))]
            entries.append(Entry(setting, i == base, runs))
            for run, value in zip(runs, values[i], strict=True):
                if value is None:
                    outcomes.append(Outcome(run, 'failed', None, 'why'))
                    continue
                metrics = {'acc/top1': value, 'gait/rank1': 100 * value}
                known = {'commit': kept.get('commit', 'x')}
                result = Result(3, metrics, None, 60.0, known)
                outcomes.append(Outcome(run, 'finished', result))
        root = tmp_path / 'runs'
        return Plan(Path('base.py'), grid, {}, entries, root), outcomes

    return make


def named(*names):
    settings = [Setting(name, {'model.w': i}) for i, name in enumerate(names)]
    return Grid(settings, {}, 'Parts')


def test_mean_spread_and_gain(sweep):
    plan, outcomes = sweep(
        named('base', 'more', 'none'),
        [[0.5, 0.7, 0.6], [0.6, 0.9, None], [None, None, None]],
    )
    found = summarise(plan, outcomes, 'acc/top1')
    base, more, none = found.rows
    assert base.mean == pytest.approx(60)
    assert base.spread == pytest.approx(10)
    assert base.gain is None
    assert more.values == pytest.approx({0: 60, 1: 90})
    # By seed: 60 - 50 and 90 - 70, not the mean less the mean.
    assert more.gain == pytest.approx(15)
    assert (none.mean, none.spread, none.gain) == (None, None, None)
    assert (found.unit, found.protocol) == (
        '%',
        'validation after the last epoch (3)',
    )
    assert found.notes == ['4 of 9 runs failed']


def test_other_metrics_stay_as_they_are(sweep):
    plan, outcomes = sweep(named('base'), [[0.5]])
    found = summarise(plan, outcomes, 'gait/rank1')
    assert (found.rows[0].mean, found.unit) == (50, '')
    assert found.rows[0].spread is None
    with pytest.raises(AnalysisError, match='it has acc/top1, gait/rank1'):
        summarise(plan, outcomes, 'acc/top5')
    with pytest.raises(AnalysisError, match='the test has no metric'):
        summarise(plan, outcomes, 'acc/top1', tested=True)


def test_readers_are_told_what_is_mixed_or_missing(sweep):
    plan, outcomes = sweep(named('a', 'b'), [[0.5], [0.6]], base=None)
    other = outcomes[1].result._replace(circumstances={'commit': 'y'})
    outcomes[1] = outcomes[1]._replace(result=other)
    notes = summarise(plan, outcomes, 'acc/top1').notes
    assert notes == [
        'the base config is not among the settings',
        'results of 2 commits: x, y',
    ]


def test_tables_hold_every_run(sweep):
    plan, outcomes = sweep(named('base', 'more'), [[0.5, 0.7], [0.6, None]])
    found = summarise(plan, outcomes, 'acc/top1')
    header, *rows = as_rows(plan, found, outcomes)
    assert header == [
        *('setting', 'base', 'model.w', 'seed', 'status', 'acc/top1'),
        *('minutes', 'folder'),
    ]
    assert rows[0] == ['base', 1, 0, 0, 'finished', 50, 1.0, 's0/seed0']
    assert rows[3] == ['more', 0, 1, 1, 'failed', '', '', 's1/seed1']
    content = as_json(plan, found, outcomes)
    assert content['settings'][1]['values'] == {'0': pytest.approx(60)}
    assert content['circumstances'] == [{'commit': 'x'}]


@pytest.mark.parametrize(
    ('grid', 'size'),
    [
        (named('a', 'b'), 1),
        (full_grid({'model.k': [1, 2, 3]}), 1),
        (full_grid({'model.b': ['paper', 'release']}), 1),
        (full_grid({'model.k': [1, 2], 'model.m': [1, 2, 3]}), 2),
        (full_grid({'a': [1, 2], 'b': [1, 2], 'c': [1, 2]}), 1),
        (full_grid({'a': [1], 'b': [1, 2]}), 1),
    ],
)
def test_each_grid_has_a_picture(sweep, grid, size):
    values = [[0.5 + i / 50, 0.6] for i in range(len(grid.settings))]
    plan, outcomes = sweep(grid, values)
    figure = draw(plan, summarise(plan, outcomes, 'acc/top1'))
    figure.canvas.draw()
    # A heat map has the axes of its colour bar besides.
    assert len(figure.axes) == size
    texts = [text.get_text() for text in figure.texts]
    assert any('2 seeds, mean ± standard deviation' in text for text in texts)
