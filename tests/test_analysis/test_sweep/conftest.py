"""A sweep in which a fake script trains, in milliseconds."""

from pathlib import Path

import pytest
from mmengine.config import Config

from aclnet_plugin.analysis.sweep.runs import Scripts, make_run

# What a training leaves behind, as far as a sweep looks at it. Entries of
# the config say when it fails, dies or takes its time.
_FAKE = r"""
import argparse, json, os, pathlib, runpy, signal, sys, time
parser = argparse.ArgumentParser()
parser.add_argument('config')
parser.add_argument('checkpoint', nargs='?')
parser.add_argument('--work-dir', type=pathlib.Path)
parser.add_argument('--seed', type=int)
parser.add_argument('--resume')
args = parser.parse_args()
cfg = runpy.run_path(args.config)
fake, epochs = cfg['env_cfg'], cfg['train_cfg']['max_epochs']
work = args.work_dir
if args.checkpoint:
    folder = work / 'x'
    folder.mkdir(parents=True)
    number = int(pathlib.Path(args.checkpoint).stem.split('_')[1])
    (folder / 'x.json').write_text(json.dumps({'acc/top1': number / 100}))
    sys.exit()
start = int(args.resume.split('_')[-1][:-4]) if args.resume else 0
(work / 'starts').open('a').write(
    f"{start} {os.environ.get('CUDA_VISIBLE_DEVICES')}\n")
folder = work / f'log{start}' / 'vis_data'
folder.mkdir(parents=True, exist_ok=True)
for epoch in range(start + 1, epochs + 1):
    time.sleep(fake.get('nap', 0))
    if fake.get('fail') == epoch:
        print('this went wrong')
        sys.exit(3)
    if fake.get('die') == epoch and not start:
        os.kill(os.getpid(), signal.SIGKILL)
    value = (float(cfg['model']['weight']) + args.seed / 10 + epoch / 100) / 10
    rows = [{'loss': 1.0, 'epoch': epoch, 'iter': epoch, 'step': epoch}]
    rows.append({'acc/top1': value, 'time': 0.1, 'step': epoch})
    with (folder / 'scalars.json').open('a') as file:
        file.writelines(json.dumps(row) + '\n' for row in rows)
    checkpoint = work / f'epoch_{epoch}.pth'
    checkpoint.touch()
    (work / 'last_checkpoint').write_text(str(checkpoint))
"""


@pytest.fixture
def scripts(tmp_path):
    """Trains and tests without a model."""
    path = tmp_path / 'fake.py'
    path.write_text(_FAKE)
    return Scripts(path, path)


@pytest.fixture
def run_of(tmp_path):
    """Makes runs; options of ``fake`` go to the script."""

    def make(name='one', seed=0, weight=1, epochs=3, **fake):
        config = Config(
            dict(
                model=dict(weight=weight),
                train_cfg=dict(max_epochs=epochs),
                val_dataloader=dict(dataset='some'),
                test_dataloader=dict(dataset='other'),
                env_cfg=fake,
            )
        )
        return make_run(
            name,
            Path('base.py'),
            {'model.weight': weight},
            seed,
            tmp_path / 'runs' / name / f'seed{seed}',
            config,
        )

    return make


@pytest.fixture
def starts():
    """From which epochs a run was started, and with which GPU."""

    def read(run):
        path = run.folder / 'starts'
        if not path.exists():
            return []
        return [line.split() for line in path.read_text().splitlines()]

    return read
