import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import tiny_config

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / 'benchmarks' / 'accuracy_over_seeds.py'


@pytest.mark.slow
def test_prints_each_seed_and_the_spread(tiny_skeletons, tmp_path, clean_env):
    config = tiny_config(tiny_skeletons, 'unused')
    config.pop('work_dir')
    config.dump(tmp_path / 'tiny.py')
    done = subprocess.run(
        [
            sys.executable,
            SCRIPT,
            tmp_path / 'tiny.py',
            *('--seeds', '4', '5'),
            *('--out', tmp_path / 'out'),
            *('--cfg-options', 'train_cfg.max_epochs=3'),
        ],
        env=clean_env,
        text=True,
        capture_output=True,
        timeout=600,
        check=True,
    )
    top1 = []
    for seed in (4, 5):
        (log,) = (tmp_path / 'out' / f'seed{seed}').glob(
            '*/vis_data/scalars.json'
        )
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        top1.append([100 * r['acc/top1'] for r in rows if 'acc/top1' in r])
    assert [len(values) for values in top1] == [3, 3]
    last = [values[-1] for values in top1]
    for value in last:
        assert f'{value:.2f}' in done.stdout
    assert f'{sum(last) / 2:.2f} ±' in done.stdout
    assert 'width 8' in done.stdout
