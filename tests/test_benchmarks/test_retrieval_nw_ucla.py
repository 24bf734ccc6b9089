"""Persons of NW-UCLA across views, on made-up sequences."""

import json
import re

import numpy as np
import pytest
from mmengine.config import Config

from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.utils.safe_pickle import atomic_dump, safe_load
from benchmarks import retrieval_nw_ucla as script


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Six persons, three views, two executions of two actions."""
    content = generate_synthetic_skeletons(
        num_classes=2,
        group_size=2,
        num_subjects=6,
        num_views=3,
        samples_per_cell=2,
        layout='kinect_v1',
        num_frames=(10, 12),
    )
    for sample in content['annotations']:
        sample['execution'] = int(sample['frame_dir'][12:14]) - 1
    path = tmp_path_factory.mktemp('data') / 'nw_ucla.pkl'
    atomic_dump(content, path)
    return path, content


def command(data, out, *more):
    given = ['--data', str(data), '--out', str(out), '--seeds', '0']
    given += ['--test-subjects', '2', '--width', '8', '--epochs', '2']
    return script.main([*given, '--quiet', *more])


def test_no_probe_meets_its_own_performance():
    assert len(script.SETTINGS) == 6
    for pair in script.SETTINGS.values():
        probe, gallery = pair['probe'], pair['gallery']
        assert probe['view'] != gallery['view']
        assert not set(probe['seq']) & set(gallery['seq'])


def test_classes_are_the_subjects(data):
    found = script.relabel(data[1])['annotations']
    assert {s['label'] for s in found} == set(range(6))
    for before, after in zip(data[1]['annotations'], found, strict=True):
        assert after['label'] == before['subject'] - 1
        assert after['seq'] == before['execution']
        assert after['keypoint'] is before['keypoint']


def test_data_without_executions_are_refused(data):
    sample = dict(data[1]['annotations'][0])
    del sample['execution']
    with pytest.raises(ValueError, match=r'has no execution; convert'):
        script.relabel(dict(annotations=[sample]))


def test_persons_of_training_and_test_differ():
    chosen = [script.choose_subjects(range(1, 11), 4, s) for s in range(9)]
    for learnt, tested in chosen:
        assert len(tested) == 4
        assert sorted(learnt + tested) == list(range(1, 11))
    assert len({tuple(tested) for _, tested in chosen}) > 1
    assert script.choose_subjects(range(1, 11), 4, 3) == chosen[3]
    with pytest.raises(ValueError, match='of 10 persons, at least 2'):
        script.choose_subjects(range(1, 11), 9, 0)


def test_bone_lengths_do_not_depend_on_the_pose():
    rng = np.random.default_rng(0)
    pose = rng.normal(size=(1, 5, 20, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    found = script.bone_lengths(dict(keypoint=pose))
    moved = script.bone_lengths(dict(keypoint=pose @ turn + 4))
    assert found.shape == (20,)
    np.testing.assert_allclose(found, moved)
    larger = script.bone_lengths(dict(keypoint=2 * pose))
    np.testing.assert_allclose(larger, 2 * found)


def test_baselines_of_persons_who_differ_in_size_alone():
    rng = np.random.default_rng(0)
    samples = [
        dict(
            keypoint=person * rng.normal(size=(1, 200, 20, 3)),
            subject=person,
            seq=seq,
            view=view,
        )
        for person in (1, 3, 5)
        for seq in (0, 1, 2, 3)
        for view in script.VIEWS
    ]
    found = script.baselines(samples, [1, 3])
    assert found['bone lengths'] == dict(rank1=100, mAP=100)
    assert 30 < found['chance']['rank1'] < 70


def test_losses_on_and_off_differ_in_weights_alone(data, tmp_path):
    args = script.parse_args(['--epochs', '10'])
    on, off = (
        script.make_config(args, tmp_path, ([1, 2, 3], [4, 5]), losses)
        for losses in ('on', 'off')
    )
    for loss in ('loss_inter', 'loss_intra'):
        assert on.model.cls_head.pop(loss).loss_weight == 0.1
        assert off.model.cls_head.pop(loss).loss_weight == 0
    assert on.to_dict() == off.to_dict()
    assert on.train_dataloader.dataset.subjects == [1, 2, 3]
    assert on.val_dataloader.dataset.subjects == [4, 5]


@pytest.mark.slow
def test_trains_each_run_once_and_prints_the_table(data, tmp_path, capsys):
    assert command(data[0], tmp_path) == 0
    first = capsys.readouterr().out
    results = sorted(tmp_path.glob('*/seed0-*/result.json'))
    assert len(results) == 2
    for path, losses in zip(results, ('off', 'on'), strict=True):
        (row,) = re.findall(rf'losses {losses} .*', first)
        assert f'{json.loads(path.read_text())["rank1"]:.2f}' in row
    # The results are read and not made again.
    results[0].write_text(json.dumps(dict(rank1=12.5, mAP=99.0, minutes=1)))
    assert command(data[0], tmp_path) == 0
    again = capsys.readouterr().out
    assert '12.50' in again and '99.00' in again
    # Without a result the training goes on where it was: it is over.
    log = results[1].with_name('output.log')
    results[1].unlink()
    assert command(data[0], tmp_path, '--table') == 0
    assert 'losses on' not in capsys.readouterr().out
    before = log.read_text().count('Epoch(train)')
    assert command(data[0], tmp_path) == 0
    assert log.read_text().count('Epoch(train)') == before
    assert 'losses on' in capsys.readouterr().out


def test_a_run_without_a_test_is_told(tmp_path):
    scalars = tmp_path / '1' / 'vis_data' / 'scalars.json'
    scalars.parent.mkdir(parents=True)
    scalars.write_text('{"loss": 1.0}\n')
    with pytest.raises(ValueError, match='a training without a test'):
        script.read_values(tmp_path)


def test_other_data_are_not_taken_for_those_of_an_earlier_run(
    data, tmp_path, monkeypatch
):
    def train(command, stdout, stderr, check):
        config = Config.fromfile(command[2])
        seen.append(safe_load(config.train_dataloader.dataset.ann_file))
        raise OSError('enough')

    seen = []
    monkeypatch.setattr(script.subprocess, 'run', train)
    other = dict(data[1], annotations=data[1]['annotations'][::-1])
    atomic_dump(other, tmp_path / 'other.pkl')
    for path in (data[0], tmp_path / 'other.pkl'):
        assert command(path, tmp_path / 'out') == 1
    one, two = (
        [sample['frame_dir'] for sample in content['annotations']]
        for content in seen
    )
    assert one == two[::-1] != two


def test_a_missing_file_is_told(tmp_path, capsys):
    assert command(tmp_path / 'none.pkl', tmp_path, '--table') == 1
    assert 'error: ' in capsys.readouterr().err
