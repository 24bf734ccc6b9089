"""The command that fuses streams."""

import json
import pickle

import numpy as np
import pytest
import torch

from aclnet_plugin.evaluation import COMBINATIONS, DEFAULT_WEIGHTS
from tests.scripts import load_script

STREAMS = tuple(DEFAULT_WEIGHTS)
SAMPLES, CLASSES = 200, 7


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/fuse_streams.py')


def scores_of(stream, start=0):
    rng = np.random.default_rng([start, *stream.encode()])
    labels = np.arange(SAMPLES) % CLASSES
    logits = rng.normal(size=(SAMPLES, CLASSES))
    logits[np.arange(SAMPLES), labels] += DEFAULT_WEIGHTS[stream]
    return torch.from_numpy(logits).softmax(1), labels


def dump(path, stream, start=0, order=None, **more):
    scores, labels = scores_of(stream, start)
    content = [
        {
            'frame_dir': f'sample_{start + index}',
            'num_classes': CLASSES,
            'pred_score': scores[index],
            'pred_label': scores[index].argmax(0, keepdim=True),
            'gt_label': torch.tensor([labels[index]]),
            **more,
        }
        for index in range(SAMPLES)
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        pickle.dumps([content[i] for i in order or range(SAMPLES)])
    )
    return path


@pytest.fixture
def files(tmp_path):
    return [dump(tmp_path / s / 'pred.pkl', s) for s in STREAMS]


def run(tool, *arguments):
    return tool.main([str(argument) for argument in arguments])


def report_of(tool, tmp_path, *arguments):
    out = tmp_path / 'report' / 'out.json'
    assert run(tool, *arguments, '--json', out, '--overwrite') == 0
    return json.loads(out.read_text())


def top1(streams, weights, start=0):
    total = sum(
        weight * scores_of(stream, start)[0].numpy()
        for stream, weight in zip(streams, weights, strict=True)
    )
    return (total.argmax(1) == np.arange(SAMPLES) % CLASSES).mean()


def test_six_streams(tool, files, tmp_path, capsys):
    report = report_of(tool, tmp_path, *files)
    assert (report['samples'], report['classes']) == (SAMPLES, CLASSES)
    assert [row['name'] for row in report['streams']] == list(STREAMS)
    for row in report['streams']:
        assert row['weight'] == DEFAULT_WEIGHTS[row['name']]
        assert row['top1'] == pytest.approx(top1([row['name']], [1]))
    rows = {row['name']: row for row in report['combinations']}
    assert list(rows) == list(COMBINATIONS)
    for title, members in COMBINATIONS.items():
        weights = [DEFAULT_WEIGHTS[name] for name in members]
        assert rows[title]['weights'] == weights
        assert rows[title]['top1'] == pytest.approx(top1(members, weights))
    for row in report['added_by_stream']:
        rest = [name for name in STREAMS if name != row['name']]
        gain = rows['6 streams']['top1'] - top1(
            rest, [DEFAULT_WEIGHTS[name] for name in rest]
        )
        assert row['top1'] == pytest.approx(gain)
    assert report['search'] is None
    assert report['notes'] == report['warnings'] == []

    text = capsys.readouterr().out
    best = rows['6 streams']
    for metric in ('top1', 'top5', 'mean_class'):
        assert f'{100 * best[metric]:.2f}' in text
    for piece in (
        '2:2:2:1:1:1',
        '2:2:1:1',
        'Added to the others',
        str(files[0]),
    ):
        assert piece in text
    assert '\x1b' not in text


def test_names_on_the_command_line(tool, tmp_path):
    one = dump(tmp_path / 'one.pkl', 'j')
    two = dump(tmp_path / 'two=2.pkl', 'b')
    by_prefix = report_of(tool, tmp_path, f'j={one}', f'b={two}')
    by_flag = report_of(tool, tmp_path, one, two, '--names', 'j', 'b')
    assert by_prefix == by_flag
    assert [row['name'] for row in by_flag['combinations']] == ['2 streams']


def test_weights(tool, files, tmp_path):
    three = files[:3]
    report = report_of(tool, tmp_path, *three, '--weights', '3', '1', '0.5')
    again = report_of(tool, tmp_path, *three, '--weights', '3:1:0.5')
    assert report == again
    rows = {row['name']: row for row in report['combinations']}
    assert rows['2 streams']['weights'] == [3, 1]
    assert rows['all 3']['top1'] == pytest.approx(
        top1(('j', 'b', 'k'), (3, 1, 0.5))
    )
    named = ('--names', 'rgb', 'pose', 'x', '--weights', '1', '2', '0')
    report = report_of(tool, tmp_path, *three, *named)
    assert [row['name'] for row in report['combinations']] == ['all 3']


def test_one_stream(tool, files, tmp_path):
    report = report_of(tool, tmp_path, files[0])
    assert report['combinations'] == report['added_by_stream'] == []


def test_another_order_is_joined(tool, tmp_path, files, capsys):
    wanted = report_of(tool, tmp_path, *files[:2])
    order = np.random.default_rng(1).permutation(SAMPLES).tolist()
    dump(files[1], 'b', order=order)
    got = report_of(tool, tmp_path, *files[:2])
    assert 'joined by name' in got['notes'][0]
    assert 'note: ' in capsys.readouterr().out
    assert got['combinations'] == wanted['combinations']


def test_search_on_other_samples(tool, files, tmp_path):
    val = [
        dump(tmp_path / f'val_{stream}.pkl', stream, start=1000)
        for stream in STREAMS
    ]
    report = report_of(tool, tmp_path, *files, '--search-files', *val[::-1])
    how = report['search']
    assert not how['optimistic'] and how['also_reported'] == 0
    assert how['samples'] == SAMPLES and report['warnings'] == []
    found = dict(zip(STREAMS, how['weights'], strict=True))
    assert top1(STREAMS, found.values(), 1000) >= top1(
        STREAMS, DEFAULT_WEIGHTS.values(), 1000
    )
    row = report['combinations'][-1]
    assert row['name'] == 'all 6, searched weights'
    assert row['top1'] == pytest.approx(top1(STREAMS, found.values()))


@pytest.mark.parametrize('how', ['--search', '--search-files'])
def test_search_on_what_is_reported_warns(tool, files, tmp_path, capsys, how):
    more = files[:2] if how == '--search-files' else []
    report = report_of(tool, tmp_path, *files[:2], how, *more)
    assert report['search']['optimistic']
    assert report['search']['also_reported'] == SAMPLES
    assert 'optimistic' in report['warnings'][0]
    assert 'warning: THE WEIGHTS WERE SEARCHED' in capsys.readouterr().out


def test_names_of_any_stream_tell_what_is_reported(tool, files, tmp_path):
    """Labels are equal in both; only names can tell the samples apart."""
    j, labels = scores_of('j', 1000)
    nameless = tmp_path / 'val_j.npz'
    np.savez(nameless, scores=j, labels=labels)
    for start, optimistic in ((1000, False), (0, True)):
        b = dump(tmp_path / 'val_b.pkl', 'b', start)
        command = (*files[:2], '--search-files', f'j={nameless}', f'b={b}')
        how = report_of(tool, tmp_path, *command)['search']
        assert how['optimistic'] == optimistic


def test_what_is_read_is_not_replaced(tool, files, tmp_path, capsys):
    other = dump(tmp_path / 'val_j.pkl', 'j', 1000)
    search = ('--search-files', other, files[1])
    for victim in (files[1], other):
        before = victim.read_bytes()
        error = failure(
            tool, capsys, *files[:2], *search, '--json', victim, '--overwrite'
        )
        assert str(victim) in error and 'another name' in error
        assert victim.read_bytes() == before


def test_search_on_a_part(tool, files, tmp_path):
    command = (*files[:2], '--search-fraction', '0.25')
    report = report_of(tool, tmp_path, *command)
    assert report == report_of(tool, tmp_path, *command)
    assert (report['search']['samples'], report['samples']) == (50, 150)
    assert not report['search']['optimistic']
    assert 'of the other 150' in report['notes'][0]


def test_logits(tool, tmp_path, capsys):
    paths = [tmp_path / 'j.npz', tmp_path / 'b.pkl']
    scores, labels = scores_of('j')
    names = [f'sample_{i}' for i in range(SAMPLES)]
    np.savez(paths[0], scores=scores.log() + 3, labels=labels, names=names)
    dump(paths[1], 'b')
    assert run(tool, *paths) == 1
    error = capsys.readouterr().err
    assert 'j.npz' in error and '--softmax' in error
    report = report_of(tool, tmp_path, *paths, '--softmax')
    # The probabilities of the other file are not softened.
    assert report['combinations'][0]['top1'] == pytest.approx(
        top1(('j', 'b'), (1, 1))
    )


def test_lists_of_scores(tool, tmp_path, capsys):
    annotations, path = tmp_path / 'data.pkl', tmp_path / 'j.pkl'
    scores, labels = scores_of('j')
    names = [f'sample_{index}' for index in range(SAMPLES)]
    content = {
        'split': {'val': names[::-1]},
        'annotations': [
            {'frame_dir': name, 'label': int(label)}
            for name, label in zip(names, labels, strict=True)
        ],
    }
    annotations.write_bytes(pickle.dumps(content))
    path.write_bytes(pickle.dumps([row.numpy() for row in scores]))
    other = dump(tmp_path / 'b.pkl', 'b', order=list(range(SAMPLES))[::-1])
    source = ('--ann-file', annotations, '--split', 'val')
    report = report_of(tool, tmp_path, path, other, *source)
    assert report['combinations'][0]['top1'] == pytest.approx(
        top1(('j', 'b'), (1, 1))
    )
    assert run(tool, path) == 1
    assert '--ann-file' in capsys.readouterr().err
    assert run(tool, path, *source[:3], 'train') == 1
    assert "'train'" in capsys.readouterr().err


def test_clips_are_told(tool, tmp_path):
    one = dump(tmp_path / 'j.pkl', 'j', test_clips=1)
    two = dump(tmp_path / 'b.pkl', 'b', test_clips=10)
    report = report_of(tool, tmp_path, one, two)
    assert [row['clips'] for row in report['streams']] == [1, 10]
    first, second = report['warnings']
    assert first.startswith('j: tested with 1 clip; not comparable')
    assert 'j: 1, b: 10' in second
    assert report_of(tool, tmp_path, two)['warnings'] == []


def test_augmentation_is_told(tool, tmp_path):
    files = {
        stream: dump(tmp_path / f'{stream}.pkl', stream, **how)
        for stream, how in (
            ('j', dict(test_tta=True)),
            ('b', dict(test_tta=False)),
            ('k', dict(test_tta=True)),
            ('jm', {}),
        )
    }
    report = report_of(tool, tmp_path, *files.values())
    assert [row['tta'] for row in report['streams']] == [
        True, False, True, None,
    ]  # fmt: skip
    first, second = report['warnings']
    assert first.startswith('j k: tested with test-time augmentation;')
    assert second == (
        'the streams differ in test-time augmentation: j k with, b without.'
    )
    for stream, count in (('b', 0), ('jm', 0), ('k', 1)):
        report = report_of(tool, tmp_path, files[stream])
        assert len(report['warnings']) == count


def failure(tool, capsys, *arguments):
    assert run(tool, *arguments) == 1
    output = capsys.readouterr()
    assert output.err.startswith('error: ') and output.out == ''
    return output.err


def test_command_lines_that_cannot_be(tool, files, tmp_path, capsys):
    one, two = files[:2]
    assert 'no file' in failure(tool, capsys, tmp_path / 'j.pkl')
    nameless = dump(tmp_path / 'pred.pkl', 'j')
    error = failure(tool, capsys, nameless)
    assert 'does not tell its stream' in error and 'jm=' in error
    assert 'both be stream j' in failure(tool, capsys, one, f'j={two}')
    assert '1 names for 2' in failure(tool, capsys, one, two, '--names', 'j')
    error = failure(tool, capsys, one, f'rgb={two}')
    assert 'no default weight of rgb' in error
    for weights in ('1', '1:2:3', '1:x', '0:0', '1:-1', '1:inf', '1:nan'):
        error = failure(tool, capsys, one, two, '--weights', weights)
        assert f'--weights {weights}' in error
    error = failure(tool, capsys, one, two, '--search-files', one)
    assert 'give the same streams' in error
    assert 'one stream' in failure(tool, capsys, one, '--search')
    part = ('--search-fraction', '0.001')
    assert 'leaves none' in failure(tool, capsys, one, two, *part)
    out = tmp_path / 'out.json'
    out.write_text('{}')
    assert '--overwrite' in failure(tool, capsys, one, '--json', out)
    assert out.read_text() == '{}'


@pytest.mark.parametrize(
    'flags',
    [
        ('--search-fraction', '1'),
        ('--search-fraction', '.5', '--search-files', 'x'),
        ('--ann-file', 'x'),
    ],
)
def test_flags_that_do_not_go_together(tool, files, flags, capsys):
    with pytest.raises(SystemExit) as stop:
        run(tool, files[0], *flags)
    assert stop.value.code == 2
