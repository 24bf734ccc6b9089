"""Settings become runs; a folder belongs to one base config."""

import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.grid import Grid, Setting, full_grid
from aclnet_plugin.analysis.sweep.plan import check_base, make_plan
from tests.training import tiny_config

THRESHOLD = 'model.cls_head.families.overlap_threshold'


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'tiny.py'
    tiny_config('none.pkl', 'unused').dump(path)
    return path


def test_every_setting_gets_the_first_seed_first(base, tmp_path):
    grid = full_grid({THRESHOLD: [3, 4]})
    plan = make_plan(base, grid, [5, 6], tmp_path)
    assert [run.label for run in plan.runs] == [
        'overlap_threshold=3, seed 5',
        'overlap_threshold=4, seed 5',
        'overlap_threshold=3, seed 6',
        'overlap_threshold=4, seed 6',
    ]
    # The default is the base, though the config does not say it.
    assert [entry.base for entry in plan.entries] == [False, True]
    assert len({run.folder for run in plan.runs}) == 4
    run = plan.runs[0]
    assert run.resolved.model.cls_head.families.overlap_threshold == 3
    assert run.length == 4
    assert not list(tmp_path.iterdir())


def test_a_folder_is_found_by_what_it_trains(base, tmp_path):
    def plan_of(name):
        settings = [Setting(name, {THRESHOLD: 3})]
        return make_plan(base, Grid(settings, {}), [0], tmp_path).runs[0]

    first = plan_of('old / name')
    assert first.folder.parent.name.startswith('old-name-')
    first.folder.mkdir(parents=True)
    assert plan_of('new').folder == first.folder


def test_options_of_the_base_are_in_every_run(base, tmp_path):
    grid = full_grid({THRESHOLD: [4]})
    plan = make_plan(base, grid, [0], tmp_path, {'train_cfg.max_epochs': 2})
    (run,) = plan.runs
    assert run.length == 2
    assert plan.entries[0].base
    assert run.options == {'train_cfg.max_epochs': 2, THRESHOLD: 4}
    assert plan.training['train_cfg']['max_epochs'] == 2


def test_two_settings_of_one_training_are_refused(base, tmp_path):
    settings = [Setting('all', {}), Setting('default', {THRESHOLD: 4})]
    with pytest.raises(AnalysisError, match="'all' and 'default' are the"):
        make_plan(base, Grid(settings, {}), [0], tmp_path)


def test_a_bad_setting_is_named(base, tmp_path):
    settings = [Setting('good', {}), Setting('bad', {THRESHOLD: -1})]
    with pytest.raises(
        AnalysisError, match="setting 'bad': the model cannot be built"
    ):
        make_plan(base, Grid(settings, {}), [0], tmp_path)
    with pytest.raises(AnalysisError, match='a seed comes twice'):
        make_plan(base, Grid(settings[:1], {}), [1, 1], tmp_path)


def test_another_base_config_is_refused_unless_wanted(base, tmp_path):
    grid = full_grid({THRESHOLD: [4]})

    def plan_of(**options):
        return make_plan(base, grid, [0], tmp_path, options)

    check_base(plan_of(), write=False)
    assert not (tmp_path / 'base.json').exists()
    check_base(plan_of())
    check_base(plan_of(log_level='ERROR'))
    changed = plan_of(**{'train_cfg.max_epochs': 9})
    with pytest.raises(AnalysisError) as caught:
        check_base(changed)
    assert 'train_cfg.max_epochs: 4 -> 9' in str(caught.value)
    assert '--rebase' in str(caught.value)
    check_base(changed, rebase=True)
    check_base(changed)
    with pytest.raises(AnalysisError, match='9 -> 4'):
        check_base(plan_of())


def test_a_damaged_base_is_named(base, tmp_path):
    (tmp_path / 'base.json').write_text('{')
    plan = make_plan(base, full_grid({THRESHOLD: [4]}), [0], tmp_path)
    with pytest.raises(AnalysisError, match=r'base\.json is damaged'):
        check_base(plan)
