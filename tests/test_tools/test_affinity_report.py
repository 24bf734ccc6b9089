import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.scripts import load_script

NAMES = ['wave', 'point, left', 'sit [slow]', 'jump']


@pytest.fixture(scope='module')
def report():
    return load_script('tools/analysis/affinity_report.py')


def make_state(prefix='cls_head.affinity.', begun=True):
    counts = torch.zeros(4, 4, dtype=torch.int64)
    member = torch.zeros(4, 4, dtype=torch.bool)
    if begun:
        counts[0, 1], counts[1, 0], counts[2, 0] = 30, 10, 5
        member[0, 1] = member[1, 0] = member[0, 2] = True
    return {
        'cls_head.fc.weight': torch.zeros(4, 8),
        f'{prefix}confusion.counts': counts,
        f'{prefix}families.member': member,
        f'{prefix}epoch': torch.tensor(12),
        f'{prefix}prototypes.seen': torch.tensor([1, 1, 1, 0]).bool(),
    }


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'epoch_12.pth'
    torch.save({'meta': {'epoch': 12}, 'state_dict': make_state()}, path)
    return path


def failure(report, *arguments):
    with pytest.raises(SystemExit) as stop:
        report.main([str(argument) for argument in arguments])
    return str(stop.value)


def test_report(report, checkpoint, tmp_path, capsys):
    names = tmp_path / 'names.txt'
    names.write_text('\n'.join(NAMES) + '\n')
    metrics = tmp_path / 'test' / '2026' / '2026.json'
    metrics.parent.mkdir(parents=True)
    metrics.write_text('{"acc/top1": 0.875, "time": 0.1}')
    (tmp_path / 'test' / 'lines.json').write_text('{"lr": 1}\n{"lr": 2}\n')
    out = tmp_path / 'with space' / 'out'
    report.main(
        [
            *(str(checkpoint), '--classes', str(names)),
            *('--out-dir', str(out), '--top', '2', '--dump-json'),
            *('--result', str(tmp_path / 'test')),
        ]
    )
    printed = capsys.readouterr().out
    for piece in (
        *('12', '45', '2 of 4', '1.5 (1 to 2)', '3 of 4', '0.8750'),
        *('sit [slow]', '100%', 'point, left; sit [slow]'),
    ):
        assert piece in printed, piece
    assert (out / 'confusion.png').read_bytes().startswith(b'\x89PNG')
    assert (out / 'families.png').read_bytes().startswith(b'\x89PNG')
    content = json.loads((out / 'report.json').read_text())
    assert content['epoch'] == 12
    assert content['classes'] == NAMES
    assert content['families'] == {'0': [1, 2], '1': [0]}
    assert content['metrics'] == {'acc/top1': 0.875}
    assert len(content['top_confusions']) == 2
    assert content['top_confusions'][0]['count'] == 30


def test_names_from_annotation_file_or_none(report, checkpoint, capsys):
    annotation = checkpoint.with_name('data.pkl')
    annotation.write_bytes(pickle.dumps({'classes': NAMES, 'split': {}}))
    report.main([str(checkpoint), '--classes', str(annotation)])
    assert 'jump' not in capsys.readouterr().out  # neither confused nor taken
    report.main([str(checkpoint)])
    assert 'class 2' in capsys.readouterr().out
    assert (checkpoint.parent / 'affinity' / 'families.png').is_file()


def test_names_in_the_checkpoint_and_several_states(report, tmp_path, capsys):
    path = tmp_path / 'a.pth'
    state = make_state() | make_state('aux.cls_head.affinity.')
    meta = {'dataset_meta': {'classes': NAMES}}
    torch.save({'meta': meta, 'state_dict': state}, path)
    report.main([str(path)])
    printed = capsys.readouterr().out
    assert 'point, left' in printed
    assert 'also has: aux.cls_head.affinity' in printed


def test_bare_state_dict_without_a_prefix(report, tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(make_state('affinity.'), path)
    state = report.load_state(path)
    assert (state.prefix, state.epoch, state.seen) == ('affinity', 12, 3)


def test_statistics_not_begun(report, tmp_path, capsys):
    path = tmp_path / 'a.pth'
    torch.save({'state_dict': make_state(begun=False)}, path)
    report.main([str(path)])
    printed = ' '.join(capsys.readouterr().out.split())
    assert 'No confusions yet' in printed
    assert 'No Motion Families yet' in printed
    assert not list(tmp_path.rglob('*.png'))


def test_long_tables_are_cut(report, tmp_path, capsys):
    total = 80
    counts = torch.ones(total, total, dtype=torch.int64)
    state = {
        'affinity.confusion.counts': counts,
        'affinity.families.member': counts.bool(),
    }
    torch.save(state, tmp_path / 'a.pth')
    report.main([str(tmp_path / 'a.pth')])
    printed = capsys.readouterr().out
    assert '20 more' in printed
    assert 'unknown' in printed  # this one does not tell its epoch


def test_checkpoints_that_cannot_be_used(report, checkpoint, tmp_path):
    assert 'there is no file' in failure(report, tmp_path / 'none.pth')
    text = tmp_path / 'text.pth'
    text.write_text('drink water\neat meal\n')
    assert 'not a checkpoint' in failure(report, text)
    empty = tmp_path / 'empty.pth'
    empty.touch()
    assert 'not a checkpoint' in failure(report, empty)
    torn = tmp_path / 'torn.pth'
    torn.write_bytes(checkpoint.read_bytes()[:500])
    assert 'not a checkpoint' in failure(report, torn)
    other = tmp_path / 'other.pth'
    torch.save({'state_dict': {'fc.weight': torch.zeros(2)}}, other)
    assert 'no affinity state' in failure(report, other)
    torch.save([1, 2], other)
    assert 'not a checkpoint' in failure(report, other)
    state = make_state()
    del state['cls_head.affinity.families.member']
    torch.save({'state_dict': state}, other)
    assert 'incomplete' in failure(report, other)


def test_checkpoints_are_not_executed(report, tmp_path):
    path = tmp_path / 'evil.pth'
    torch.save({'state_dict': make_state(), 'run': Path('x')}, path)
    assert 'not loaded for safety' in failure(report, path)


def test_checkpoint_of_mmengine_can_be_read(report, tmp_path):
    from mmengine.logging import HistoryBuffer

    path = tmp_path / 'a.pth'
    history = {'loss': HistoryBuffer([1.0, 2.0], [1, 1])}
    content = {'state_dict': make_state(), 'message_hub': history}
    torch.save(content, path)
    assert report.load_state(path).epoch == 12


def test_other_inputs_that_cannot_be_used(report, checkpoint, tmp_path):
    names = tmp_path / 'names.txt'
    names.write_text('a\nb\n')
    message = failure(report, checkpoint, '--classes', names)
    assert '2 class names' in message and '4 classes' in message
    message = failure(report, checkpoint, '--classes', tmp_path / 'none')
    assert 'no file' in message
    names = tmp_path / 'names.pkl'
    names.write_bytes(pickle.dumps({'split': {}}))
    assert "'classes'" in failure(report, checkpoint, '--classes', names)
    names.write_bytes(pickle.dumps(print))
    assert 'refused' in failure(report, checkpoint, '--classes', names)
    message = failure(report, checkpoint, '--result', tmp_path / 'none')
    assert '--result' in message
    message = failure(report, checkpoint, '--result', tmp_path)
    assert 'no metrics' in message


@pytest.mark.parametrize('top', ['0', '-1', 'x'])
def test_top_has_to_be_positive(report, checkpoint, top, capsys):
    with pytest.raises(SystemExit):
        report.main([str(checkpoint), '--top', top])
    assert 'number above 0' in capsys.readouterr().err


def test_confusions_of_predictions(report, checkpoint, tmp_path, capsys):
    scores = np.eye(4)[[1, 1, 3, 0]] * 0.9
    dump = tmp_path / 'test.npz'
    np.savez(dump, scores=scores, labels=np.array([0, 1, 2, 2]))
    out = tmp_path / 'out'
    report.main(
        [str(checkpoint), '--predictions', str(dump), '--out', str(out)]
    )
    printed = capsys.readouterr().out
    assert 'test.npz' in printed and '2 of 4' in printed
    rows = (out / 'confusions.csv').read_text().splitlines()
    assert rows[1:] == [
        '0,class 0,1,class 1,1,1.0',
        '2,class 2,0,class 0,1,0.5',
        '2,class 2,3,class 3,1,0.5',
    ]
    families = (out / 'families.csv').read_text().splitlines()
    assert families[1] == '0,class 0,1,class 1'  # of the checkpoint
    assert len(families) == 4


def test_predictions_without_a_checkpoint(report, tmp_path, capsys):
    dump = tmp_path / 'test.npz'
    labels = np.array([0, 0, 1, 2])
    np.savez(dump, scores=np.eye(3)[[1, 1, 0, 2]], labels=labels)
    report.main(
        [
            *('--predictions', str(dump), '--overlap-threshold', '0'),
            *('--format', 'svg', 'png', '--order', 'confusion'),
        ]
    )
    assert '2 of 3' in capsys.readouterr().out
    made = {path.name for path in (tmp_path / 'affinity').iterdir()}
    assert made == {
        *('confusion.svg', 'confusion.png', 'families.svg'),
        *('families.png', 'confusions.csv', 'families.csv'),
    }
    np.savez(dump, scores=np.eye(3), labels=np.arange(3))
    report.main(['--predictions', str(dump)])
    assert 'every prediction is correct' in capsys.readouterr().out


def test_predictions_that_do_not_fit(report, checkpoint, tmp_path):
    assert 'give a checkpoint' in failure(report)
    dump = tmp_path / 'test.npz'
    np.savez(dump, scores=np.eye(3), labels=np.arange(3))
    message = failure(report, checkpoint, '--predictions', dump)
    assert '3 classes' in message and 'has 4' in message
    assert 'leave out' in failure(report, checkpoint, '--top-k', '3')
    message = failure(report, '--predictions', tmp_path / 'none.pkl')
    assert 'none.pkl' in message
