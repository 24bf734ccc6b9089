"""The commands that run a model for a picture, on a tiny one."""

import csv
import json
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from aclnet_plugin.evaluation.embeddings import Embeddings, write_embeddings
from tests.scripts import load_script
from tests.training import tiny_config

NAMES = ['wave', 'sit [slow]', 'jump, up']


@pytest.fixture(scope='module')
def made(tiny_skeletons, tmp_path_factory):
    """Config and two checkpoints, not trained but with links."""
    folder = tmp_path_factory.mktemp('pictures')
    content = pickle.loads(tiny_skeletons.read_bytes())
    ann_file = folder / 'named.pkl'
    ann_file.write_bytes(pickle.dumps(content | {'classes': NAMES}))
    config = tiny_config(ann_file, folder / 'work')
    config.dump(folder / 'tiny.py')
    init_default_scope('mmaction')
    paths = []
    for seed in range(2):
        torch.manual_seed(seed)
        model = MODELS.build(config.model)
        for block in model.backbone.gcn:
            block.gcn.alpha.data.fill_(1)
            block.gcn.beta.data.fill_(1)
        state = model.cls_head.affinity
        state.confusion.counts[0, 2] = 5
        state.families.member[0, 1] = state.families.member[0, 2] = True
        paths.append(folder / f'epoch_{seed + 1}.pth')
        torch.save({'state_dict': model.state_dict()}, paths[-1])
    return SimpleNamespace(
        config=folder / 'tiny.py', first=paths[0], second=paths[1]
    )


def run(name, capsys, *words):
    tool = load_script(f'tools/analysis/{name}.py')
    status = tool.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out if status == 0 else err


@pytest.fixture
def importance(capsys, made):
    def call(*words, config=made.config):
        words = (config, made.first, *words, '--device', 'cpu')
        return run('joint_importance', capsys, *words)

    return call


@pytest.fixture
def embedding_map(capsys):
    return lambda *words: run('embedding_map', capsys, *words)


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def relations_in(path):
    content = json.loads(path.read_text())
    return np.array([one['relation'] for one in content['classes']])


def test_importance_of_a_class_and_its_family(importance, tmp_path):
    status, said = importance(
        *('--class', 'wave', '--beside', 'family', '--out', tmp_path),
        *('--format', 'svg', 'png'),
    )
    assert status == 0 and '\t' not in said
    # 8 samples, labels 0 1 2 0 1 2 0 1; class 2 is confused most.
    assert 'class: wave, 3 samples' in said
    assert 'class: jump, up, 2 samples' in said
    stem = 'importance_0_2'
    assert (tmp_path / f'{stem}.png').read_bytes().startswith(b'\x89PNG')
    assert b'<svg' in (tmp_path / f'{stem}.svg').read_bytes()
    joints = rows_of(tmp_path / f'{stem}_joints.csv')
    assert len(joints) == 50
    total = sum(float(row['importance']) for row in joints[:25])
    assert total == pytest.approx(1, abs=1e-4)
    links = rows_of(tmp_path / f'{stem}_links.csv')
    assert len(links) == 2 * 625
    assert sum(row['bone'] == '1' for row in links) == 2 * 48
    relation = relations_in(tmp_path / f'{stem}.json')
    assert relation.shape == (2, 25, 25) and np.ptp(relation) > 0
    source, target = int(links[0]['source']), int(links[0]['target'])
    assert float(links[0]['weight']) == pytest.approx(
        relation[0, source, target], rel=1e-4
    )


def test_relative_importance_is_a_difference(importance, tmp_path):
    words = ('--class', '0', '--beside', '1', '2', '--out', tmp_path)
    assert importance(*words)[0] == 0
    path = tmp_path / 'importance_0_1_2.json'
    whole = [
        one['relation'] for one in json.loads(path.read_text())['classes']
    ]
    assert importance(*words, '--relative', '--pose', 'rest')[0] == 0
    apart = [
        one['relation'] for one in json.loads(path.read_text())['classes']
    ]
    want = np.array(whole) - np.mean(whole, axis=0)
    np.testing.assert_allclose(apart, want, atol=1e-6)


def test_importance_of_few_or_correct_samples(importance, tmp_path):
    words = ('--class', 'wave', '--out', tmp_path, '--split', 'xsub_train')
    status, said = importance(*words, '--samples', 2, '--frame', 3)
    assert status == 0 and 'wave, 2 samples' in said
    found = [
        importance('--class', c, '--only-correct', '--out', tmp_path)
        for c in range(3)
    ]
    # A model that was not trained names one class, hardly all three.
    assert {status for status, _ in found} == {0, 1}
    assert any('classified correctly' in said for _, said in found)


def test_importance_that_cannot_be_shown(importance, made, tmp_path):
    status, said = importance('--class', 'walk')
    assert status == 1 and said.startswith('error: there is no class')
    status, said = importance('--class', 1, '--beside', 'family')
    assert status == 1 and 'sit [slow] has no family' in said
    status, said = importance('--class', 0, '--frame', 999)
    assert status == 1 and 'there is no 999' in said
    status, said = importance('--class', 0, '--split', 'none')
    assert status == 1 and 'none' in said
    stock = tmp_path / 'stock.py'
    stock.write_text(
        f'_base_ = {str(made.config)!r}\n'
        "model = dict(backbone=dict(_delete_=True, type='STGCN', "
        "graph_cfg=dict(layout='nturgb+d'), base_channels=8, num_stages=2), "
        "cls_head=dict(_delete_=True, type='GCNHead', num_classes=3, "
        'in_channels=8))\n'
    )
    status, said = importance('--class', 0, config=stock)
    assert status == 1 and 'does not fit' in said


def test_map_of_checkpoints(embedding_map, made, tmp_path):
    status, said = embedding_map(
        *(made.config, made.first, made.second, '--split', 'xsub_train'),
        *('--classes-shown', 'jump, up', '0', '--titles', 'one', 'two'),
        *('--out', tmp_path, '--device', 'cpu', '--method', 'pca'),
    )
    assert status == 0 and '\t' not in said
    assert [line.split(':')[0] for line in said.splitlines()] == ['one', 'two']
    assert (tmp_path / 'embedding_map.png').is_file()
    rows = rows_of(tmp_path / 'embedding_map.csv')
    # 16 samples: 6 of class 0, 5 of class 2; all in both panels.
    assert len(rows) == 22 and {row['name'] for row in rows} == {
        *('wave', 'jump, up')
    }
    assert [r['sample'] for r in rows[:11]] == [r['sample'] for r in rows[11:]]
    assert [r['x'] for r in rows[:11]] != [r['x'] for r in rows[11:]]
    content = json.loads((tmp_path / 'embedding_map.json').read_text())
    assert [one['class'] for one in content['classes']] == [2, 0]
    assert [one['file'] for one in content['panels']] == [
        *('epoch_1.pth', 'epoch_2.pth')
    ]


def test_map_of_a_family(embedding_map, made, tmp_path):
    status, _ = embedding_map(
        *(made.config, made.second, '--family-of', 'wave', '--samples', 2),
        *('--out', tmp_path, '--device', 'cpu'),
    )
    assert status == 0
    rows = rows_of(tmp_path / 'embedding_map.csv')
    assert len(rows) == 6 and {row['class'] for row in rows} == set('012')


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for name, order in (('a', range(12)), ('b', range(13, 1, -1))):
        order = list(order)
        features = rng.normal(size=(12, 5)).astype(np.float32)
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        paths.append(tmp_path / f'{name}.npz')
        write_embeddings(
            paths[-1],
            Embeddings(
                features,
                np.array([f's{i}' for i in order]),
                np.array([i % 3 for i in order]),
                tuple(NAMES),
            ),
        )
    return paths


def test_map_of_files_shows_what_both_have(embedding_map, files, tmp_path):
    out = tmp_path / 'out'
    status, said = embedding_map(*files, '--out', out, '--format', 'svg')
    assert status == 0 and said.startswith('a: silhouette')
    assert b'<svg' in (out / 'embedding_map.svg').read_bytes()
    rows = rows_of(out / 'embedding_map.csv')
    assert [r['sample'] for r in rows[:10]] == [f's{i}' for i in range(2, 12)]
    first = (out / 'embedding_map.csv').read_bytes()
    assert embedding_map(*files, '--out', out)[0] == 0
    assert (out / 'embedding_map.csv').read_bytes() == first


def test_maps_that_cannot_be_made(embedding_map, made, files, tmp_path):
    def error(*words):
        status, said = embedding_map(*words, '--out', tmp_path)
        assert status == 1 and said.startswith('error: ')
        return said

    assert 'at least one checkpoint' in error(made.config)
    assert 'no file' in error(made.config, tmp_path / 'none.pth')
    assert 'no file' in error(tmp_path / 'none.py', made.first)
    torn = tmp_path / 'torn.pth'
    torn.write_bytes(made.first.read_bytes()[:5000])
    assert 'torn.pth' in error(made.config, torn, '--device', 'cpu')
    assert '1 titles for 2' in error(*files, '--titles', 'x')
    assert 'above 0' in error(*files, '--perplexity', '-1')
    assert '--checkpoint' in error(*files, '--family-of', '0')
    shown = ('--classes-shown', '0', '--family-of', '0')
    assert 'not both' in error(*files, *shown)
    assert 'no class' in error(*files, '--classes-shown', 'walk')
    files[1].write_bytes(b'PK')
    assert '.npz' in error(*files)
