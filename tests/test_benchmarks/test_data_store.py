import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'data_store.py'


@pytest.mark.slow
def test_prints_both_tables(clean_env):
    options = '--sequences 40 --repeats 1 --reads 20 --compared 5 --rows 30'
    done = subprocess.run(
        [sys.executable, SCRIPT, *options.split()],
        env=clean_env,
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    text = ' '.join(done.stdout.split())
    for piece in (
        '40 sequences, split xsub_train',
        'PoseDataset',
        'own memory, MiB',
        '0 samples differ out of the pipeline',
        'Opening a store, by number of sequences',
    ):
        assert piece in text, piece


def test_a_difference_would_be_counted(tmp_path):
    spec = importlib.util.spec_from_file_location('data_store', SCRIPT)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    content = bench.make_content(20)
    bench.write(bench.HOST, content, tmp_path / 'a.pkl')
    content['annotations'][3]['keypoint'][..., 0] += 1
    bench.write(bench.STORE, content, tmp_path / 'a.store')
    bench.init_default_scope('mmaction')
    found = bench.differences(tmp_path / 'a.pkl', tmp_path / 'a.store', 14)
    assert found == 1
