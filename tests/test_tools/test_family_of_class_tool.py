"""The command that explains the family of one class."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from tests.scripts import load_script

NAMES = ['wave', 'point, left', 'sit [slow]', 'jump']


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/analysis/family_of_class.py')


def config(**families):
    head = dict(type='ACLHead', families=families)
    return Config(dict(model=dict(type='RecognizerGCN', cls_head=head)))


@pytest.fixture
def checkpoint(tmp_path):
    counts = torch.tensor(
        [[9, 8, 3, 0], [7, 9, 2, 0], [0, 5, 9, 0], [0, 0, 0, 9]]
    )
    member = torch.zeros(4, 4, dtype=torch.bool)
    member[0, 2] = True
    state = {
        'cls_head.affinity.confusion.counts': counts,
        'cls_head.affinity.families.member': member,
    }
    meta = {
        'cfg': config(top_k=2, overlap_threshold=1).pretty_text,
        'dataset_meta': {'classes': NAMES},
    }
    path = tmp_path / 'epoch_9.pth'
    torch.save({'state_dict': state, 'meta': meta}, path)
    return path


def test_table_picture_and_files(call, checkpoint, tmp_path):
    out = tmp_path / 'out'
    status, said = call(
        *(checkpoint, '--class', 'Wave', '--out', out),
        *('--format', 'png', 'svg'),
    )
    assert status == 0 and '\t' not in said
    assert '2 members: affinity above 1/2 (K = 2, checkpoint)' in said
    assert 'top confusions: point, left; sit [slow]' in said
    assert (
        'point, left: affinity 1.0000 = 0.5 + 0.5000, member, in force no, '
        'confused 8 and 7 times, shared: sit [slow]'
    ) in said
    assert 'sit [slow]: affinity 1.0000' in said and 'in force yes' in said
    assert (out / 'family_0.png').read_bytes().startswith(b'\x89PNG')
    assert b'<svg' in (out / 'family_0.svg').read_bytes()
    with open(out / 'family_0.csv', newline='') as file:
        first, second = csv.DictReader(file)
    assert (first['name'], first['overlap'], first['shared']) == (
        *('point, left', '1'),
        '2',
    )
    assert (second['member'], second['in_force']) == ('1', '1')
    content = json.loads((out / 'family_0.json').read_text())
    assert content['rule']['top_k'] == 2
    assert content['rule']['threshold'] == 0.5
    assert content['neighbours'] == [1, 2]
    assert [one['index'] for one in content['relatives']] == [1, 2]


def test_rule_of_flags_and_of_a_config(call, checkpoint, tmp_path):
    status, said = call(checkpoint, '--class', 0, '--overlap-threshold', 2)
    assert status == 0 and '0 members: affinity above 2/2' in said
    assert (checkpoint.parent / 'affinity' / 'family_0.png').is_file()
    status, said = call(checkpoint, '--class', 0, '--behaviour', 'release')
    assert 'neighbours, and overlap above 1 (K = 2, command line)' in said
    path = tmp_path / 'mine.py'
    config(top_k=1, overlap_threshold=0).dump(path)
    status, said = call(checkpoint, '--class', 0, '--config', path)
    assert status == 0 and 'affinity above 0/1 (K = 1, mine.py)' in said


def test_counts_of_predictions(call, checkpoint, tmp_path):
    dump = tmp_path / 'test.npz'
    np.savez(dump, scores=np.eye(4)[[3, 3, 1]], labels=np.array([0, 0, 2]))
    words = (checkpoint, '--class', 'wave', '--predictions', dump)
    status, said = call(*words, '--overlap-threshold', 0)
    assert status == 0 and '1 member: ' in said
    assert 'jump: affinity 0.5000' in said and 'confused 2 and 0' in said
    np.savez(dump, scores=np.eye(3), labels=np.arange(3))
    status, said = call(*words)
    assert status == 1 and 'error: ' in said and '3 classes' in said


def test_classes_without_a_family(call, checkpoint):
    status, said = call(checkpoint, '--class', 'jump')
    assert status == 0 and 'never confused' in said and '0 members' in said


def test_checkpoint_that_tells_no_rule(tool, tmp_path, capsys):
    state = {
        'affinity.confusion.counts': torch.ones(3, 3, dtype=torch.int64),
        'affinity.families.member': torch.zeros(3, 3, dtype=torch.bool),
    }
    torch.save(state, tmp_path / 'a.pth')
    words = [str(tmp_path / 'a.pth'), '--class', '1', '--top', '1']
    assert tool.main(words) == 0
    out, err = capsys.readouterr()
    assert 'note: the checkpoint does not tell' in err
    assert 'in force unknown' in out and '1 more' in out


def test_what_cannot_be_shown(call, checkpoint, tmp_path):
    status, said = call(checkpoint, '--class', 'wav')
    assert status == 1 and "'wave'" in said
    status, said = call(tmp_path / 'none.pth', '--class', 0)
    assert status == 1 and 'there is no file' in said
    path = tmp_path / 'stock.py'
    path.write_text("model = dict(cls_head=dict(type='GCNHead'))\n")
    status, said = call(checkpoint, '--class', 0, '--config', path)
    assert status == 1 and 'no model with an ACLHead' in said
