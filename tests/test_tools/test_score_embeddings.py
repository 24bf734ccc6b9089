"""The scoring command against the metrics' own functions."""

import csv
from pathlib import Path

import numpy as np
import pytest

from aclnet_plugin.evaluation.embeddings import Embeddings, write_embeddings
from aclnet_plugin.evaluation.retrieval import (
    GaitProtocol,
    ReIDProtocol,
    concatenate_streams,
    gait_text,
    reid_text,
    score_gait,
    score_reid,
)
from tests.scripts import load_script
from tests.test_evaluation.test_retrieval.examples import casia_b

WALKS = {key: np.array(v) for key, v in casia_b((75, 80, 99)).items()}
COUNT = len(WALKS['view'])
FRAMES = 40 + np.arange(COUNT) % 50


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/score_embeddings.py')


def stream(seed, size):
    """Embeddings that tell persons, though not too well."""
    rng = np.random.default_rng(seed)
    persons = rng.normal(size=(100, size))[WALKS['subject']]
    features = persons + rng.normal(scale=1.5, size=persons.shape)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features.astype(np.float32)


J, B = stream(0, 6), stream(1, 4)


def write(path, features, seed, order=None, **meta):
    order = np.arange(COUNT) if order is None else order
    meta = {**WALKS, 'total_frames': FRAMES, **meta}
    names = [
        f'{subject:03d}-{condition}-{seq:02d}-{view:03d}'
        for subject, condition, seq, view in zip(*WALKS.values(), strict=True)
    ]
    about = dict(embedding='pooled', checkpoint=f'{seed}.pth', config='a.py')
    about |= dict(checkpoint_sha256=str(seed), split='test', tta=False)
    made = Embeddings(
        features[order],
        np.array(names)[order],
        (WALKS['subject'] - 1)[order],
        meta={key: value[order] for key, value in meta.items()},
        about=about,
    )
    write_embeddings(path, made)


@pytest.fixture
def call(tool, tmp_path, monkeypatch, capsys):
    """Run the command in a folder with two streams."""
    monkeypatch.chdir(tmp_path)
    write('j.npz', J, 0)
    write('b.npz', B, 1, np.random.default_rng(0).permutation(COUNT))

    def call(*words):
        status = tool.main([str(word) for word in words])
        return status, *capsys.readouterr()

    return call


def test_gait_of_one_stream(call):
    status, said, noted = call('j.npz', '--task', 'gait')
    want = score_gait(J, **WALKS)
    assert status == 0 and not noted
    assert said.startswith(
        'j.npz: pooled of 0.pth, config a.py, split test\n'
        '330 sequences; the shortest used has 40 frames.\n'
    )
    assert said.endswith(gait_text(want) + '\n')
    assert 20 < want.to_dict()['mean_rank1'] < 95, 'neither trivial'


def test_the_stream_is_told(call):
    columns = dict(j=np.full(COUNT, 'j'), b=np.full(COUNT, 'bm'))
    write('j.npz', J, 0, stream=columns['j'])
    write('b.npz', B, 1, stream=columns['b'])
    _, said, _ = call('j.npz', 'b.npz', '--task', 'reid')
    first, second = said.splitlines()[:2]
    assert first == (
        'j.npz: pooled of 0.pth, config a.py, stream j, split test'
    )
    assert 'stream bm' in second


def test_fused_streams(call, tmp_path):
    flags = ('--task', 'gait', '--out-dir', 'scores', '--no-matrices')
    status, said, noted = call('j.npz', 'b.npz', *flags)
    want = score_gait(concatenate_streams([J, B]), **WALKS)
    assert status == 0 and 'written to scores/gait_views.csv' in noted
    assert 'b.npz: pooled of 1.pth' in said
    assert said.endswith(gait_text(want, matrices=False) + '\n')
    with open('scores/gait_views.csv', newline='') as file:
        rows = {row['probes']: row for row in csv.DictReader(file)}
    values = want.to_dict()
    assert float(rows['NM']['mean']) == values['NM_rank1']
    assert float(rows['CL']['54']) == values['CL_rank1_v054']
    assert float(rows['mean']['mean']) == values['mean_rank1']
    assert values['mean_rank1'] > score_gait(J, **WALKS).overall[0]
    # Written once, unless told otherwise.
    before = Path('scores/gait_views.csv').read_bytes()
    status, _, noted = call('j.npz', *flags)
    assert status == 1 and 'use --overwrite' in noted
    assert Path('scores/gait_views.csv').read_bytes() == before
    assert call('j.npz', *flags, '--overwrite')[0] == 0
    assert Path('scores/gait_views.csv').read_bytes() != before


def test_options_of_gait(call):
    kept = FRAMES >= 61
    flags = ('--topk', 1, 5, '--unmatched', 'skip', '--min-frames', 61)
    views = ('--views', 0, 90, '--include-identical-view')
    status, said, _ = call('j.npz', '--task', 'gait', *flags, *views)
    protocol = GaitProtocol(
        views=(0, 90),
        topk=(1, 5),
        unmatched='skip',
        exclude_identical_view=False,
    )
    walks = {key: column[kept] for key, column in WALKS.items()}
    want = score_gait(J[kept], **walks, protocol=protocol)
    assert status == 0 and said.endswith(gait_text(want) + '\n')
    left_out = COUNT - kept.sum()
    assert f'330 sequences, {left_out} of them left out by --min' in said
    assert 'the shortest used has 61 frames' in said


@pytest.mark.parametrize(
    ('flags', 'settings'),
    [
        ([], {}),
        (
            ['--exclude-same-sequence', '--topk', '3', '--unmatched', 'skip'],
            dict(exclude_same_sequence=True, topk=(3,), unmatched='skip'),
        ),
        (['--aggregate', 'mean'], dict(aggregate='mean')),
    ],
)
def test_reid(call, flags, settings):
    flags = ('--task', 'reid', *flags, '--out-dir', 'scores')
    status, said, _ = call('j.npz', 'b.npz', *flags)
    fused = concatenate_streams([J, B])
    want = score_reid(fused, **WALKS, protocol=ReIDProtocol(**settings))
    assert status == 0 and said.endswith(reid_text(want) + '\n')
    with open('scores/reid_settings.csv', newline='') as file:
        rows = {row['setting']: row for row in csv.DictReader(file)}
    assert float(rows['C-N']['mAP']) == want.settings['C-N'].mean_ap


def test_what_is_undefined(call):
    status, _, noted = call('j.npz', '--task', 'gait', '--views', 90, 91)
    assert status == 0
    assert 'warning: no gallery at view 91.' in noted


def test_on_a_terminal(call, tool, monkeypatch):
    console = tool.Console(force_terminal=True, width=60)
    monkeypatch.setattr(tool, 'Console', lambda **_: console)
    assert call('j.npz', '--task', 'reid')[0] == 0


def test_what_cannot_be(call, capsys):
    write('other.npz', B, 2, np.arange(COUNT - 1))
    write('turned.npz', B, 2, view=WALKS['view'] + 1)
    for words, message in (
        (('none.npz',), "no file 'none.npz'"),
        (('j.npz', 'other.npz'), '1 of 330 samples of j.npz are not in'),
        (('j.npz', 'turned.npz'), 'view of 330 samples differs between'),
        (('j.npz', 'j.npz'), 'from the same checkpoint'),
        (('j.npz', '--min-frames', '99'), 'no sequence has 99 frames'),
        (('j.npz', '--out-dir', 'b.npz'), '--out-dir b.npz is no folder'),
    ):
        status, said, noted = call(*words, '--task', 'gait')
        assert status == 1 and not said
        assert noted.startswith('error: ') and message in noted
    for words, message in (
        (('--task', 'gait', '--aggregate', 'mean'), 'for --task reid only'),
        (('--task', 'reid', '--views', '0'), 'for --task gait only'),
        (('--task', 'gait', '--topk', '0'), 'no number above 0'),
        ((), 'required: --task'),
    ):
        with pytest.raises(SystemExit) as stop:
            call('j.npz', *words)
        assert stop.value.code == 2
        assert message in capsys.readouterr().err
