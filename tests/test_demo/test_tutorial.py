"""The tutorial runs, and what is committed of it is fit to be read."""

import json
import os
import re
import shutil

import pytest

from tests.scripts import ROOT

nbformat = pytest.importorskip('nbformat')
nbclient = pytest.importorskip('nbclient')
pytest.importorskip('ipykernel')

NOTEBOOK = ROOT / 'demo' / 'aclnet_tutorial.ipynb'


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == 'code']


def printed(notebook):
    """All text that the cells put out."""
    return '\n'.join(
        output.get('text', '')
        for cell in code_cells(notebook)
        for output in cell.outputs
    )


def pictures(notebook):
    return [
        output.data['image/png']
        for cell in code_cells(notebook)
        for output in cell.outputs
        if 'image/png' in output.get('data', {})
    ]


def run(notebook, folder, monkeypatch, tmp_path):
    monkeypatch.setenv('ACLNET_TUTORIAL_QUICK', '1')
    monkeypatch.setenv('ACLNET_TUTORIAL_WORK_DIR', str(tmp_path / 'work'))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    for cell in code_cells(notebook):
        cell.outputs = []
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name='python3',
        resources={'metadata': {'path': str(folder)}},
    ).execute()


def test_it_runs_from_demo(notebook, monkeypatch, tmp_path):
    before = set(os.listdir(ROOT / 'demo'))
    run(notebook, ROOT / 'demo', monkeypatch, tmp_path)
    said = printed(notebook)
    assert re.search(r'epoch  3: \d+\.\d% of the unseen right', said)
    assert re.search(r'acc/top1 +\d+\.\d%', said)
    assert re.search(r'\d+ of 24 planted pairs found', said)
    assert 'Affinity state' in said and 'performed: ' in said
    assert len(pictures(notebook)) == 4
    assert (tmp_path / 'work' / 'epoch_3.pth').is_file()
    assert set(os.listdir(ROOT / 'demo')) == before


@pytest.mark.parametrize('place', ['', 'docs/data', '..'])
def test_where_it_may_be_started(notebook, monkeypatch, tmp_path, place):
    copy = tmp_path / 'clone'
    for name in ('configs', 'aclnet_plugin'):
        (copy / name).parent.mkdir(exist_ok=True)
        os.symlink(ROOT / name, copy / name)
    (copy / 'demo').mkdir()
    (copy / 'docs' / 'data').mkdir(parents=True)
    notebook.cells = code_cells(notebook)[:2]
    if not place:
        run(notebook, copy / place, monkeypatch, tmp_path)
        assert 'aclnet_plugin' in printed(notebook)
    else:
        with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
            run(notebook, copy / place, monkeypatch, tmp_path)
        assert 'start me in the repository' in str(caught.value)
    shutil.rmtree(copy)


def test_what_is_committed(notebook):
    """Run from top to bottom, at full length, without a trace of where."""
    text = NOTEBOOK.read_text(encoding='utf-8')
    assert len(text) < 500_000
    cells = code_cells(notebook)
    order = [cell.execution_count for cell in cells]
    assert order == list(range(1, len(cells) + 1))
    assert 'epoch 12: ' in printed(notebook)
    assert len(pictures(notebook)) == 4
    errors = [o for c in cells for o in c.outputs if o.output_type == 'error']
    assert not errors
    for trace in ('/home/', '/root/', '/tmp/', '/work/', 'site-packages'):
        assert trace not in text, trace
    assert all(set(cell.metadata) <= {'tags'} for cell in cells)


def test_links_lead_somewhere(notebook):
    links = [
        link
        for cell in notebook.cells
        if cell.cell_type == 'markdown'
        for link in re.findall(r'\]\(([^)\s]+)\)', cell.source)
    ]
    assert len(links) > 10
    headings = json.dumps([cell.source for cell in notebook.cells])
    for link in links:
        path, _, anchor = link.partition('#')
        if path:
            assert (ROOT / 'demo' / path).is_file(), link
        else:
            assert f'## {anchor.replace("-", " ")}' in headings, link
