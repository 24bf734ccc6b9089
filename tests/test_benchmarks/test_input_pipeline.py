"""MMAction2's training pipeline and ours give the same samples."""

import importlib.util
from pathlib import Path

import pytest
import torch

FILE = Path(__file__).parents[2] / 'benchmarks' / 'input_pipeline.py'
_spec = importlib.util.spec_from_file_location('input_pipeline', FILE)
benchmark = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(benchmark)


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_all_streams_are_equal_on_both_sides(capsys, one_thread):
    benchmark.main(['--sequences', '24', '--repeats', '1'])
    assert '24 samples of every stream were equal' in capsys.readouterr().out


def test_a_difference_ends_the_comparison(tmp_path):
    file = tmp_path / 'made_up.pkl'
    benchmark.atomic_dump(benchmark.made_up_annotations(3, 0), file)
    plain, turned = (
        benchmark.build(
            'SkeletonDataset',
            file,
            pipeline=[
                dict(type='RandomRot', theta=theta),
                dict(type='ToStream'),
                dict(type='UniformSampleDecode', clip_len=8),
                dict(type='FormatGCNInput', num_person=2),
                dict(type='PackActionInputs'),
            ],
        )
        for theta in (0.1, 0.2)
    )
    assert benchmark.draw_equal(plain, plain) == 3
    with pytest.raises(SystemExit, match='sample 0 differs'):
        benchmark.draw_equal(plain, turned)
