"""What a person reads, and what becomes CSV."""

import csv

import numpy as np
import pytest

from aclnet_plugin.evaluation.retrieval import (
    GaitProtocol,
    ReIDProtocol,
    gait_scores,
    gait_text,
    reid_text,
    score_reid,
    write_gait,
    write_reid,
)
from tests.test_evaluation.test_retrieval.examples import e1_items


@pytest.fixture
def gait(monkeypatch):
    items = e1_items(monkeypatch)
    items = items.take(np.delete(np.arange(12), 4))  # b's gallery at 90
    probes = dict(NM=dict(condition='nm', seq=(5, 6)), BG=dict(condition='bg'))
    protocol = GaitProtocol(probes=probes, views=(0, 90, 180), topk=(1, 2))
    return gait_scores(items, protocol)


@pytest.fixture
def reid():
    return score_reid(
        [[0.0], [1.0], [2.0], [4.0]],
        [1, 1, 2, 1],
        ['nm', 'nm', 'nm', 'na'],
        protocol=ReIDProtocol(topk=(1, 2)),
    )


def cells_of(text, first):
    """The rows of all tables that start with a word."""
    rows = [line.split() for line in text.splitlines()]
    return [row[1:] for row in rows if row[:1] == [first]]


def test_gait_by_view(gait):
    text = gait_text(gait)
    assert cells_of(text, 'NM')[0] == ['50.00', '50.00', '25.00', '41.67']
    assert cells_of(text, 'BG')[0] == ['-'] * 4
    assert cells_of(text, 'mean')[0] == ['41.67']
    # Rank-1 and Rank-2 of NM and of BG.
    assert len(cells_of(text, '90')) == 4
    assert cells_of(text, '90')[0] == ['50.00', '50.00', '50.00']
    assert 'Rank-1 in % by probe view' in text
    assert 'NM, Rank-2 in %, probe view by gallery view' in text
    assert 'NM: 6 probes; 2 of 12 comparisons with the gallery of a' in text
    assert 'identical views excluded; every sample takes part' in text
    assert text.isascii()
    short = gait_text(gait, matrices=False)
    assert cells_of(short, '90') == []
    assert cells_of(short, 'NM') == cells_of(text, 'NM')


def test_gait_as_csv(gait, tmp_path):
    views, cells = write_gait(gait, tmp_path / 'new' / 'folder', 'val')
    assert (views.name, cells.name) == ('val_views.csv', 'val_cells.csv')
    rows = list(csv.DictReader(views.open()))
    assert [row['probes'] for row in rows] == ['NM', 'BG', 'mean'] * 2
    assert rows[0]['rank'] == '1' and rows[0]['90'] == '50.0'
    assert float(rows[0]['mean']) == gait.by_set[0, 0]
    assert rows[1]['mean'] == ''
    rows = list(csv.DictReader(cells.open()))
    assert len(rows) == 2 * 2 * 3 * 3
    assert rows[1] == dict(
        probes='NM', rank='1', probe_view='0', gallery_view='90',
        percent='50.0', num_probes='2', num_gallery='1', num_unmatched='1',
        in_mean='1',
    )  # fmt: skip
    assert rows[0]['in_mean'] == '0'
    assert rows[-1]['percent'] == ''


def test_reid_by_setting(reid):
    text = reid_text(reid)
    row = cells_of(text, 'N-N')[0]
    assert row == ['66.67', '66.67', '100.00', '3', '3', '1', '3']
    assert cells_of(text, 'B-N')[0] == ['-'] * 3 + ['0', '3', '0', '0']
    assert "those of the probe's own video are kept; 1 sample takes" in text
    assert 'counted as misses' in text
    assert text.isascii()


def test_reid_as_csv(reid, tmp_path):
    (path,) = write_reid(reid, tmp_path)
    rows = list(csv.DictReader(path.open()))
    assert path.name == 'reid_settings.csv'
    assert [row['setting'] for row in rows] == [
        'N-N', 'B-B', 'C-C', 'C-N', 'B-N',
    ]  # fmt: skip
    assert float(rows[0]['rank1']) == reid.settings['N-N'].cmc[0]
    assert rows[0]['mAP'] == '100.0'
    assert rows[0]['num_unmatched'] == '1'
    assert rows[0]['excluded_pairs'] == '3'
    assert rows[1]['mAP'] == ''
