"""Settings from the command line and from files."""

import json

import pytest

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.sweep.grid import (
    full_grid,
    parse_axes,
    read_grid,
    short_names,
    show_value,
)


def test_values_are_read_as_cfg_options_would_read_them():
    axes = parse_axes(
        [
            'a.k=5,10',
            'b=0.1',
            'c=(0.1,0.5,1),(0.1,0.1,0.1)',
            'd=paper,release',
            'e=True,None',
            'f=[1,2],[3]',
        ]
    )
    assert axes == {
        'a.k': [5, 10],
        'b': [0.1],
        'c': [(0.1, 0.5, 1), (0.1, 0.1, 0.1)],
        'd': ['paper', 'release'],
        'e': [True, None],
        'f': [[1, 2], [3]],
    }


@pytest.mark.parametrize(
    ('texts', 'message'),
    [
        (['a'], 'is not KEY=VALUE'),
        (['=1'], 'is not KEY=VALUE'),
        (['a='], 'is not KEY=VALUE'),
        (['a=1', 'a=2'], 'has a twice'),
        (['a=(1,2'], 'Imbalanced'),
    ],
)
def test_a_bad_grid_is_refused(texts, message):
    with pytest.raises(AnalysisError, match=message):
        parse_axes(texts)


def test_all_combinations_in_order():
    grid = full_grid({'x.w': [0, 0.5], 'y.w': [1, 2]})
    assert [one.options for one in grid.settings] == [
        {'x.w': 0, 'y.w': 1},
        {'x.w': 0, 'y.w': 2},
        {'x.w': 0.5, 'y.w': 1},
        {'x.w': 0.5, 'y.w': 2},
    ]
    assert grid.settings[3].name == 'x.w=0.5, y.w=2'


def test_values_that_come_twice_are_refused():
    with pytest.raises(AnalysisError, match='k has the value 1 twice'):
        full_grid({'k': [1, 2, 1.0]})


def test_names_are_as_short_as_they_can_be():
    assert short_names(['a.b.k', 'a.c.m']) == {'a.b.k': 'k', 'a.c.m': 'm'}
    assert short_names(['a.b.w', 'a.c.w']) == {'a.b.w': 'b.w', 'a.c.w': 'c.w'}
    assert show_value((0.1, 0.50, 1)) == '(0.1, 0.5, 1)'


SETTINGS = [
    {'name': 'base'},
    {'name': 'less', 'options': {'model.weight': 0.5}},
]


@pytest.mark.parametrize('suffix', ['json', 'yml', 'py'])
def test_named_settings_from_a_file(tmp_path, suffix):
    path = tmp_path / f'grid.{suffix}'
    text = json.dumps({'title': 'Parts', 'settings': SETTINGS})
    if suffix == 'py':
        text = f'title = "Parts"\nsettings = {SETTINGS}'
    path.write_text(text)
    grid = read_grid(path)
    assert grid.title == 'Parts'
    assert grid.axes == {}
    assert [tuple(one) for one in grid.settings] == [
        ('base', {}),
        ('less', {'model.weight': 0.5}),
    ]


def test_a_grid_from_yaml_knows_exponents(tmp_path):
    path = tmp_path / 'grid.yml'
    path.write_text('grid:\n  lr: [1e-3, 2.5e-2, 0.1]\n  act: [a1e-3]')
    assert read_grid(path).axes == {
        'lr': [0.001, 0.025, 0.1],
        'act': ['a1e-3'],
    }


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ([], 'no mapping'),
        ({}, "either 'grid'"),
        ({'grid': {'a': [1]}, 'settings': SETTINGS}, "either 'grid'"),
        ({'grid': {'a': 1}}, 'a needs a list'),
        ({'grid': {}}, 'has no key'),
        ({'settings': []}, 'is no list'),
        ({'settings': [{'options': {}}]}, 'setting 1 has no name'),
        ({'settings': [*SETTINGS, SETTINGS[0]]}, "two settings 'base'"),
        ({'settings': [{'name': 'a', 'option': {}}]}, r"\['option'\]"),
        ({'settings': [{'name': 'a', 'options': [1]}]}, 'are no mapping'),
    ],
)
def test_a_bad_file_is_named(tmp_path, content, message):
    path = tmp_path / 'grid.json'
    path.write_text(json.dumps(content))
    with pytest.raises(AnalysisError, match=message) as caught:
        read_grid(path)
    assert str(path) in str(caught.value)


def test_unreadable_files_are_named(tmp_path):
    path = tmp_path / 'grid.json'
    path.write_text('{')
    with pytest.raises(AnalysisError, match='cannot be read'):
        read_grid(path)
    with pytest.raises(AnalysisError, match='no grid file'):
        read_grid(tmp_path / 'grid.txt')
