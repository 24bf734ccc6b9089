"""The command that compares families with planted groups."""

import csv
import json

import pytest
import torch

from tests.scripts import load_script
from tests.test_analysis.test_family_recovery import write_checkpoint


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/analysis/family_recovery.py')


@pytest.fixture
def trainings(tmp_path):
    """Two seeds; the first finds one of four pairs, then all; and another."""
    groups = tmp_path / 'groups.txt'
    groups.write_text('a\na\nb\nb\n')
    together = torch.tensor(
        [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    ).bool()
    one = torch.zeros(4, 4, dtype=torch.bool)
    one[0, 1] = True
    all_pairs = ~torch.eye(4, dtype=torch.bool)
    for name, histories in {
        'seed0': [one, together],
        'seed1': [one, one],
        'other': [torch.zeros_like(one), all_pairs],
    }.items():
        (tmp_path / name).mkdir()
        for epoch, member in enumerate(histories, 1):
            path = tmp_path / name / f'epoch_{epoch}.pth'
            write_checkpoint(path, member, epoch)
    return tmp_path


def test_tables_pictures_and_files(call, trainings):
    out = trainings / 'out'
    status, said = call(
        f'paper={trainings}/seed0,{trainings}/seed1',
        trainings / 'other',
        *('--groups', trainings / 'groups.txt', '--out', out),
        *('--top-k', 1, 2, '--overlap-threshold', 0, 1),
    )
    assert status == 0 and '\t' not in said
    lines = [line.split() for line in said.splitlines()]
    assert ['paper', '1', '100.0', '25.0', '0.2'] in lines
    assert ['paper', '2', '100.0', '62.5', '0.6'] in lines
    # Without a family there is no precision.
    assert ['other', '1', '-', '0.0', '0.0'] in lines
    assert ['other', '2', '33.3', '100.0', '3.0'] in lines
    for stem in ('family_recovery', 'precision_0', 'recall_1'):
        assert (out / f'{stem}.png').read_bytes().startswith(b'\x89PNG')
    with open(out / 'family_recovery.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['recall'] for row in rows[:4]] == [
        '0.25',
        '0.25',
        '1.0',
        '0.25',
    ]
    assert rows[4]['precision'] == ''
    content = json.loads((out / 'family_recovery.json').read_text())
    assert content['epochs']['other'][0]['runs'][0]['precision'] is None
    # All counts are equal, so that ties go to the lower class.
    first = content['grids']['paper'][0]
    assert (first['top_k'], first['overlap_threshold']) == (1, 0)
    assert len(first['runs']) == 2 and len(content['grids']['other']) == 4


def test_trainings_that_cannot_be_compared(call, trainings):
    groups = ('--groups', trainings / 'groups.txt')
    status, said = call(trainings / 'nowhere', *groups)
    assert status == 1 and 'no epoch_<n>.pth' in said
    status, said = call('paper=', *groups)
    assert status == 1 and 'NAME=DIR' in said
    status, said = call(
        f'x={trainings}/seed0', f'x={trainings}/seed1', *groups
    )
    assert status == 1 and 'one name' in said
    (trainings / 'more').mkdir()
    write_checkpoint(
        trainings / 'more/epoch_1.pth', torch.zeros(5, 5).bool(), 1
    )
    status, said = call(trainings / 'seed0', trainings / 'more', *groups)
    assert status == 1 and 'numbers of classes: 4, 5' in said


def test_groups_of_one_class_each(call, trainings):
    (trainings / 'groups.txt').write_text('a\nb\nc\nd\n')
    status, said = call(
        trainings / 'seed0', '--groups', trainings / 'groups.txt'
    )
    assert status == 1 and 'nothing to be found' in said
