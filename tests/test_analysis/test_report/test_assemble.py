"""A page from a real work folder, and from folders that are not one."""

import json
import os
import pickle
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.analysis.report.assemble import report
from aclnet_plugin.analysis.report.work_dir import last_checkpoint, look_into
from tests.scripts import load_script
from tests.training import build_runner, tiny_config

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
NAMES = ['sit <down>', 'stand & up', 'wave']


@pytest.fixture(scope='module')
def trained(tiny_skeletons, tmp_path_factory):
    """Work folder of a training with a test, predictions and a picture."""
    path = tmp_path_factory.mktemp('work') / 'tiny'
    config = tiny_config(tiny_skeletons, path)
    build_runner(config, 'report').train()
    scores = np.eye(3)[[0, 1, 2, 0, 0]]
    labels = np.array([0, 1, 2, 1, 2])
    dump = [
        {'pred_score': scores[i], 'gt_label': int(labels[i]), 'name': f's{i}'}
        for i in range(len(labels))
    ]
    (path / 'test.pkl').write_bytes(pickle.dumps(dump))
    (path / 'annotations.pkl').write_bytes(pickle.dumps({'split': {}}))
    (path / 'broken.pkl').write_bytes(b'no pickle')
    folder = path / 'analysis' / 'occlusion'
    folder.mkdir(parents=True)
    png = plain_png()
    (folder / 'parts.png').write_bytes(png)
    (folder / 'parts.svg').write_text('<svg/>')
    (folder / 'parts.csv').write_text('part,accuracy\nleft arm,0.5\n')
    result = path / '20260101_000000' / '20260101_000000.json'
    result.parent.mkdir()
    result.write_text(json.dumps({'acc/top1': 0.625, 'data_time': 0.1}))
    return path


def plain_png():
    file = BytesIO()
    Image.new('RGB', (2000, 20)).save(file, 'png')
    return file.getvalue()


@pytest.fixture(scope='module')
def names(tmp_path_factory):
    path = tmp_path_factory.mktemp('names') / 'names.txt'
    path.write_text('\n'.join(NAMES))
    return path


@pytest.fixture(scope='module')
def page(trained, names):
    return report(trained, names)


def test_what_a_page_has(page):
    headings = re.findall('<h2>(.*?)</h2>', page)
    assert headings[:2] == ['Summary', 'Training curves']
    assert 'Confusions and Motion Families' in headings
    assert 'Test: test.pkl' in headings
    assert 'analysis/occlusion' in headings
    assert headings[-1] == 'Left out'
    assert '3 of 5 samples are right (top-1 0.6000; mean over classes' in page
    assert '<td>acc/top1</td><td class="number">0.625</td>' in page
    assert 'data_time' not in page
    assert 'sit &lt;down&gt;' in page and 'sit <down>' not in page
    assert 'broken.pkl was left out' in page
    assert 'annotations.pkl' not in page
    assert page.count('data:image/svg') == 0, 'the same as a png beside it'


def test_checkpoint_of_a_folder_that_was_moved(trained, tmp_path):
    moved = tmp_path / 'moved'
    shutil.copytree(trained, moved)
    newest = last_checkpoint(trained)
    assert newest.name == 'epoch_4.pth'
    (moved / 'last_checkpoint').write_text(str(newest))
    assert last_checkpoint(moved) == moved / 'epoch_4.pth'
    (moved / 'last_checkpoint').unlink()
    shutil.copy(newest, moved / 'epoch_10.pth')
    os.utime(moved / 'epoch_10.pth', (0, 0))
    assert last_checkpoint(moved) == moved / 'epoch_10.pth'


def test_without_an_affinity_state(trained, tmp_path):
    path = tmp_path / 'epoch_1.pth'
    torch.save({'state_dict': {'fc.weight': torch.zeros(2, 2)}}, path)
    assert 'holds no affinity state' in report(tmp_path)


def test_folders_that_are_none(tmp_path):
    with pytest.raises(AnalysisError, match=r"no folder .*'x'"):
        look_into(Path('x'))
    with pytest.raises(AnalysisError, match='no checkpoint, no log'):
        look_into(tmp_path)
    (tmp_path / 'epoch_1.pth').write_bytes(b'rubbish')
    with pytest.raises(AnalysisError, match='not a checkpoint'):
        report(tmp_path)


def test_command(trained, names, tmp_path, capsys):
    tool = load_script('tools/analysis/report.py')
    out = tmp_path / 'new' / 'x.html'
    words = [str(trained), '--classes', str(names), '--out', str(out)]
    assert tool.main(words) == 0
    assert out.read_text(encoding='utf-8').startswith('<!DOCTYPE html>')
    assert f'written to {out}' in capsys.readouterr().err
    assert tool.main([str(tmp_path / 'none')]) == 1
    assert capsys.readouterr().err.startswith('error: there is no folder')
    assert tool.main([str(trained), '--out', 'x.pdf']) == 1
    assert 'no name of an HTML file' in capsys.readouterr().err


@pytest.mark.parametrize('width', [1200, 500])
def test_in_a_browser(page, tmp_path, width):
    """Every picture is decoded, and nothing sticks out to the side."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip('needs chromium or chrome')
    # The page forbids scripts, so the copy that looks at itself must not.
    policy = re.compile('<meta http-equiv=.*?>', re.DOTALL)
    script = """<script>addEventListener('load', () => {
        const images = [...document.images].map(i => i.naturalWidth > 0);
        document.title = JSON.stringify({images, width: innerWidth,
            content: document.documentElement.scrollWidth});
    });</script></body>"""
    copy, replaced = policy.subn('', page)
    assert replaced == 1
    path = tmp_path / 'page.html'
    path.write_text(copy.replace('</body>', script), encoding='utf-8')
    quiet = ('background-networking', 'component-update', 'sync', 'gpu')
    done = subprocess.run(
        [
            *(browser, '--headless', '--no-sandbox', '--no-first-run'),
            *(f'--disable-{what}' for what in quiet),
            *(f'--user-data-dir={tmp_path / "user"}', '--dump-dom'),
            *(f'--window-size={width},900', path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = json.loads(re.search('<title>(.*?)</title>', done.stdout)[1])
    assert found['images'] and all(found['images'])
    assert found['width'] == width
    assert found['content'] <= found['width']
