"""The search command: what it prints, writes and refuses."""

import csv
import json
from pathlib import Path

import pytest

from aclnet_plugin.evaluation.embeddings import search, write_embeddings
from tests.scripts import load_script
from tests.test_evaluation.test_embeddings.embedding_examples import example


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/search_embeddings.py')


@pytest.fixture
def call(tool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_embeddings('a.npz', example())
    write_embeddings('b.npz', example(seed=1))
    return lambda *words: tool.main([str(word) for word in words])


def test_plain_table(call, capsys):
    assert call('a.npz', '--query', 'walk-1', '--top', 2) == 0
    printed, noted = capsys.readouterr()
    want = search(example(), 'walk-1', top=2)
    lines = [line.split('  ') for line in printed.splitlines()]
    assert lines == [
        [
            *('walk-1', str(m.rank), m.name, str(m.label), m.class_name),
            f'{m.cosine:.4f}',
        ]
        for m in want
    ]
    assert not noted


def test_table_on_a_terminal(tool, call, capsys, monkeypatch):
    console = tool.Console(force_terminal=True, width=60, color_system=None)
    monkeypatch.setattr(tool, 'Console', lambda: console)
    assert call('a.npz', '--query', 'walk-1', 'walk-4') == 0
    printed, noted = capsys.readouterr()
    assert 'Like walk-1 (label 1, stand)' in printed
    assert 'Like walk-4 (label 2, läuft, springt)' in printed
    for match in search(example(), 'walk-4'):
        assert match.name in printed and f'{match.cosine:.4f}' in printed
    assert noted.count('only 5 sequences to compare walk-') == 2


def test_files(call, capsys):
    flags = ('--json', 'sub/x.json', '--csv', 'sub/x.csv', '--top', 3)
    words = ('a.npz', '--gallery', 'b.npz', '--query', 'walk-1', 'walk-2')
    assert call(*words, *flags, '--exclude-same', 'subject') == 0
    want = {
        name: search(example(), name, example(seed=1), 3, 'subject')
        for name in ('walk-1', 'walk-2')
    }
    content = json.loads(Path('sub/x.json').read_text(encoding='utf-8'))
    assert content['gallery'] == 'b.npz'
    assert content['exclude_same'] == 'subject'
    assert content['checkpoint'] == 'epoch_9.pth'
    assert content['matches'] == {
        name: [match._asdict() for match in matches]
        for name, matches in want.items()
    }
    with open('sub/x.csv', encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows] == [
        match.name for matches in want.values() for match in matches
    ]
    assert float(rows[0]['cosine']) == want['walk-1'][0].cosine
    assert 'written to sub/x.csv' in capsys.readouterr().err
    before = Path('sub/x.csv').read_text(encoding='utf-8')
    assert call(*words, '--csv', 'sub/x.csv') == 1
    assert 'use --overwrite' in capsys.readouterr().err
    assert Path('sub/x.csv').read_text(encoding='utf-8') == before
    assert call(*words, '--csv', 'sub/x.csv', '--overwrite') == 0
    assert call(*words, '--csv', 'b.npz', '--overwrite') == 1
    assert 'one of the files to read' in capsys.readouterr().err


def test_files_and_queries_that_cannot_be(call, capsys):
    Path('bad.npz').write_bytes(Path('a.npz').read_bytes()[:900])
    for words, message in (
        (('none.npz', '--query', 'x'), "no file 'none.npz'"),
        (('bad.npz', '--query', 'x'), 'bad.npz is no .npz file'),
        (('a.npz', '--query', 'walk-77'), "no sample 'walk-77'"),
        (
            ('a.npz', '--gallery', 'bad.npz', '--query', 'walk-1'),
            'bad.npz is no .npz file',
        ),
    ):
        assert call(*words) == 1
        printed, error = capsys.readouterr()
        assert error.startswith('error: ') and message in error
        assert not printed
    for flags in (['--top', '0'], ['--exclude-same', 'view']):
        with pytest.raises(SystemExit) as stop:
            call('a.npz', '--query', 'walk-1', *flags)
        assert stop.value.code == 2
