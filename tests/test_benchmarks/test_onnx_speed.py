"""The export benchmark runs and compares the scores."""

import pytest
import torch

from aclnet_plugin.models.backbones import ACLGCN
from benchmarks import onnx_speed

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')


@pytest.fixture
def small(monkeypatch):
    """One block: the export of the full model takes its time."""
    full = onnx_speed.recogniser

    def recogniser(base_channels):
        model = full(base_channels)
        model.backbone = ACLGCN(
            graph_cfg=dict(layout='nturgb+d'),
            base_channels=4 * base_channels,
            num_stages=1,
        )
        return model

    monkeypatch.setattr(onnx_speed, 'recogniser', recogniser)


WORDS = ['--frames', '6', '--base-channels', '8', '--steps', '1']


def test_table(small, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '120')
    threads = torch.get_num_threads()
    try:
        onnx_speed.main([*WORDS, '--batch-size', '2', '--threads', '1'])
    finally:
        torch.set_num_threads(threads)
    said = capsys.readouterr().out
    assert said.count('re-parameterised') == 2
    assert said.count('1.00 (1.00 to 1.00)') == 2
    assert 'ONNX Runtime 1.' in said.replace('\n', ' ') and '1 threads' in said


def test_other_scores_are_an_error(small, monkeypatch):
    class Wrong:
        def run(self, names, feed):
            return [torch.zeros(len(feed['keypoint']), 60).numpy()]

    monkeypatch.setattr(onnx_speed, 'export_onnx', lambda *_: b'')
    monkeypatch.setattr(onnx_speed, 'open_session', lambda *_: Wrong())
    with pytest.raises(SystemExit, match='ONNX Runtime is off by'):
        onnx_speed.main([*WORDS, '--batch-size', '1'])
