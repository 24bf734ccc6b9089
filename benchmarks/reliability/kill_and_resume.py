"""Kill a training again and again; compare with one that was left alone.

A small ACLNet (augmentation, dropout, ragged last batch, all three losses)
trains on synthetic skeletons in a child process. One training runs through;
another is killed with SIGKILL at random steps and at random moments, also
while a checkpoint is being written, and resumed each time. Everything has to
be equal to the last bit: the losses of every step, weights, optimiser,
schedulers, the affinity state, the best checkpoint. Example::

    python benchmarks/reliability/kill_and_resume.py --kills 24

``--by-iter N`` saves every N steps, in the middle of epochs, too, instead of
at the end of each epoch.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table

import aclnet_plugin
from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.utils import atomic
from aclnet_plugin.utils.arguments import make_parser

COUNT_BEGIN, BEGIN, EPOCHS = 2, 3, 10
STEPS = 9
"""Steps of an epoch: 72 samples in batches of 8, or of 8 and 4."""

MOMENTS = (
    'step',
    'serialise',
    'write',
    'replace',
    'pointer',
    'removal',
    'validation',
)
"""When the blow falls: after a step; before a checkpoint is serialised; when
a part of it is written; before it gets its name; before ``last_checkpoint``
points to it; before an outdated one is removed; during a validation."""


class Kill(NamedTuple):
    """One blow: the first such moment from this step on."""

    moment: str
    step: int
    fraction: float = 0.5


class KillHook(Hook):
    """Kills its own process, without any notice."""

    priority = 'HIGHEST'

    def __init__(self, kill: Kill) -> None:
        self.kill = kill
        self.armed = False
        real_open, real_replace, real_remove = open, os.replace, os.remove

        def dying_open(path: str, mode: str) -> Any:
            file = real_open(path, mode)
            if self._now('write', path):
                write = file.write

                def half(data: bytes) -> None:
                    write(bytes(data)[: int(len(data) * kill.fraction)])
                    file.flush()
                    die()

                return _Stand(file, half)
            return file

        def dying_replace(source: str, target: str) -> None:
            pointer = target.endswith('last_checkpoint')
            if self._now('pointer' if pointer else 'replace', target):
                die()
            real_replace(source, target)

        def dying_remove(path: str, **kwargs: Any) -> None:
            if str(path).endswith('.pth') and self._now('removal', path):
                die()
            real_remove(path, **kwargs)

        atomic.open = dying_open
        os.replace, os.remove = dying_replace, dying_remove

    def _now(self, moment: str, path: Any = None) -> bool:
        checkpoint = path is None or moment == 'pointer' or '.pth' in str(path)
        return self.armed and self.kill.moment == moment and checkpoint

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Arm; die if a step is the moment."""
        self.armed = runner.iter >= self.kill.step
        if self._now('step'):
            die()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Die if the beginning of a save is the moment."""
        if self._now('serialise'):
            die()

    def before_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Die if a validation is the moment."""
        if self._now('validation') and batch_idx:
            die()


class _Stand:
    """A file with another ``write``."""

    def __init__(self, file: Any, write: Any) -> None:
        self.file, self.write = file, write

    def __enter__(self) -> _Stand:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


def die() -> None:
    """Leave as if the power had failed."""
    os.kill(os.getpid(), signal.SIGKILL)


class StepLog(Hook):
    """Appends the exact outputs of every step to a file."""

    priority = 'VERY_HIGH'

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Append a line."""
        row = {name: value.item().hex() for name, value in outputs.items()}
        with self.path.open('a') as file:
            file.write(json.dumps([runner.iter, runner.epoch, batch_idx, row]))
            file.write('\n')


def make_config(folder: Path, behaviour: str, by_iter: int) -> dict:
    """Config of the training; the data are made if they are not there.

    Args:
        folder: Where the annotation file goes.
        behaviour: Of the head.
        by_iter: Steps between checkpoints; 0 saves after each epoch.
    """
    data = folder / 'synthetic.pkl'
    if not data.exists():
        content = generate_synthetic_skeletons(
            num_classes=6, num_subjects=2, num_views=3, samples_per_cell=2
        )
        with atomic.atomic_writer(data) as file:
            pickle.dump(content, file)
    pipeline = [
        dict(type='CenterSkeleton', layout='nturgb+d'),
        dict(type='RandomRot', theta=0.3),
        dict(type='SkeletonFlip'),
        dict(type='PartDrop', p=0.3),
        dict(type='ToStream', layout='nturgb+d'),
        dict(type='UniformSampleDecode', clip_len=8),
        dict(type='FormatGCNInput', num_person=1),
        dict(type='PackActionInputs'),
    ]
    test_pipeline = [pipeline[0], *pipeline[4:]]
    test_pipeline[2] = dict(pipeline[5], test_mode=True)

    def loader(split: str, pipeline: list[dict], times: int) -> dict:
        dataset = dict(
            type='SkeletonDataset',
            ann_file=str(data),
            split=split,
            layout='nturgb+d',
            pipeline=pipeline,
        )
        return dict(
            batch_size=8 if times > 1 else 16,
            # Workers that start anew in each epoch, where saved by epoch.
            num_workers=0 if by_iter else 2 * (times > 1),
            sampler=dict(type='DefaultSampler', shuffle=times > 1),
            dataset=dict(type='RepeatDataset', times=times, dataset=dataset)
            if times > 1
            else dataset,
        )

    return dict(
        default_scope='mmaction',
        custom_imports=dict(imports=['aclnet_plugin']),
        model=dict(
            type='RecognizerGCN',
            backbone=dict(
                type='ACLGCN',
                graph_cfg=dict(layout='nturgb+d'),
                base_channels=8,
                num_stages=2,
                inflate_stages=(),
                down_stages=(2,),
            ),
            cls_head=dict(
                type='ACLHead',
                num_classes=6,
                in_channels=8,
                relation_dim=625,
                embed_dim=8,
                bank_size=50,
                dropout=0.3,
                behaviour=behaviour,
                families=dict(top_k=2, overlap_threshold=1),
            ),
        ),
        train_dataloader=loader('xsub_train', pipeline, 2),
        val_dataloader=loader('xsub_val', test_pipeline, 1),
        val_evaluator=[dict(type='AccMetric')],
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=EPOCHS),
        val_cfg=dict(type='ValLoop'),
        optim_wrapper=dict(
            optimizer=dict(
                type='SGD',
                lr=0.05,
                momentum=0.9,
                weight_decay=5e-4,
                nesterov=True,
            ),
            clip_grad=dict(max_norm=5),
        ),
        param_scheduler=dict(
            type='CosineAnnealingLR',
            T_max=EPOCHS,
            by_epoch=True,
            convert_to_iter_based=True,
        ),
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook',
                interval=by_iter or 1,
                by_epoch=not by_iter,
                max_keep_ckpts=1,
                save_best='acc/top1',
                rule='greater',
            ),
            logger=dict(type='LoggerHook', interval=4),
            sync_buffers=dict(type='SyncBuffersHook'),
        ),
        custom_hooks=[
            dict(
                type='ConfusionStatisticsHook',
                count_begin=COUNT_BEGIN,
                begin=BEGIN,
            )
        ],
        visualizer=dict(
            type='ActionVisualizer',
            vis_backends=[dict(type='LocalVisBackend')],
        ),
        randomness=dict(seed=5, deterministic=True),
        log_level='ERROR',
    )


def train(config: dict, work_dir: Path, kill: Kill | None) -> None:
    """The child: train, resume if there is something to resume from."""
    torch.set_num_threads(1)
    aclnet_plugin.compat.apply()
    init_default_scope('mmaction')
    runner = Runner(
        **{k: v for k, v in config.items() if k != 'custom_imports'},
        work_dir=str(work_dir),
        resume=True,
    )
    runner.register_hook(StepLog(work_dir / 'steps.jsonl'))
    if kill:
        runner.register_hook(KillHook(kill))
    runner.train()


def run_child(config: dict, work_dir: Path, kill: Kill | None = None) -> int:
    """Train in a process of its own; its exit code.

    Args:
        config: Config of the training.
        work_dir: Its folder.
        kill: The blow, if any.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    # The server imports once and forks for each child.
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['aclnet_plugin'])
    child = context.Process(target=train, args=(config, work_dir, kill))
    child.start()
    child.join()
    return child.exitcode


def load(path: Path) -> dict:
    """Read a checkpoint as data only."""
    return torch.load(path, weights_only=True)


def check_files(work_dir: Path) -> int:
    """Every checkpoint of a killed training is complete.

    Args:
        work_dir: Folder of the training.

    Returns:
        Step of the checkpoint that a resumed training starts from.

    Raises:
        AssertionError: If one is not, or nothing can be resumed.
    """
    for path in work_dir.glob('*.pth'):
        load(path)
    pointer = work_dir / 'last_checkpoint'
    if not pointer.exists():
        return 0
    return load(Path(pointer.read_text()))['meta']['iter']


def read_steps(work_dir: Path) -> list[list[Any]]:
    """Rows of :class:`StepLog`; a killed training repeats some."""
    lines = (work_dir / 'steps.jsonl').read_text().splitlines()
    return [json.loads(line) for line in lines]


def differences(one: Any, other: Any, where: str = '') -> list[str]:
    """Where two nested structures of tensors are not equal bit for bit."""
    if type(one) is not type(other):
        return [f'{where}: {type(one).__name__}, {type(other).__name__}']
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [f'{where}: keys {one.keys() ^ other.keys()}']
        return [
            text
            for key in one
            for text in differences(one[key], other[key], f'{where}/{key}')
        ]
    if isinstance(one, (list, tuple)) and len(one) == len(other):
        return [
            text
            for index, pair in enumerate(zip(one, other, strict=True))
            for text in differences(*pair, f'{where}/{index}')
        ]
    if torch.is_tensor(one):
        same = one.dtype == other.dtype and torch.equal(one, other)
    else:
        same = one == other
    return [] if same else [where]


def compare(straight: Path, killed: Path) -> list[str]:
    """All that differs between two finished trainings.

    Args:
        straight: Folder of the one that ran through.
        killed: Folder of the one that was killed.
    """
    want = {row[0]: row for row in read_steps(straight)}
    rows = read_steps(killed)
    found = [f'step {row}' for row in rows if row != want[row[0]]]
    if {row[0] for row in rows} != set(want):
        found.append('not the same steps')
    last = Path((straight / 'last_checkpoint').read_text()).name
    for pattern in (last, 'best_*.pth'):
        (path,), (other,) = straight.glob(pattern), killed.glob(pattern)
        if path.name != other.name:
            found.append(f'{path.name} and {other.name}')
        one, two = load(path), load(other)
        for content in (one, two):
            hub = content.pop('message_hub')
            content['histories'] = {
                name: buffer._log_history.tolist()
                for name, buffer in hub['log_scalars'].items()
                if 'time' not in name and 'memory' not in name
            }
            # Epoch and step are in meta; here they are those of the last
            # step, or none yet if a validation was made up for first.
            content['known'] = {
                name: hub['runtime_info'].get(name)
                for name in ('best_score', 'keep_ckpt_ids')
            }
            for key in ('time', 'cfg', 'experiment_name'):
                content['meta'].pop(key)
        # A validation that was interrupted is made up for after a save.
        for content in (one, two):
            content['meta'].pop('position')
        found += differences(one, two, path.name)
    return found


def phase_of(step: int) -> str:
    """Phase of the training that a step belongs to."""
    epoch = step // STEPS
    if epoch < COUNT_BEGIN:
        return 'warm-up'
    return 'counting' if epoch < BEGIN else 'active'


def kill_often(
    config: dict, work_dir: Path, kills: int, seed: int
) -> list[tuple[Kill, int, int]]:
    """Train to the end, with a number of deaths on the way.

    Args:
        config: Config of the training.
        work_dir: Its folder.
        kills: How many.
        seed: For steps and moments.

    Returns:
        For each: the blow, the last step before it, the step from which the
        training was resumed.
    """
    rng = random.Random(seed)
    moments = [MOMENTS[i % len(MOMENTS)] for i in range(kills)]
    rng.shuffle(moments)
    total, reached, done = EPOCHS * STEPS, 0, []
    for index, moment in enumerate(moments):
        # On average evenly through what is left of the training.
        reach = 2 * (total - STEPS - reached) / (kills - index)
        step = reached + rng.randint(0, max(int(reach), 1))
        kill = Kill(moment, min(step, total - STEPS - 1), rng.random())
        code = run_child(config, work_dir, kill)
        if code != -signal.SIGKILL:
            raise RuntimeError(f'{kill}: the child ended with {code}')
        reached = check_files(work_dir)
        done.append((kill, read_steps(work_dir)[-1][0], reached))
    if run_child(config, work_dir):
        raise RuntimeError('the last resumed training failed')
    return done


def main(argv: list[str] | None = None) -> int:
    """Run the command line; 0 if everything was equal."""
    parser = make_parser(__doc__)
    parser.add_argument('--kills', type=int, default=24)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--by-iter', type=int, default=0, metavar='N')
    parser.add_argument(
        '--behaviour', choices=('paper', 'release'), default='paper'
    )
    parser.add_argument('--out', type=Path, help='keep the folders here')
    args = parser.parse_args(argv)
    if args.out and args.out.exists() and any(args.out.iterdir()):
        parser.error(f'--out: {args.out} is not empty')
    console = Console()
    begun = time.time()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        config = make_config(folder, args.behaviour, args.by_iter)
        with console.status(f'training, with {args.kills} deaths'):
            if run_child(config, folder / 'straight'):
                raise RuntimeError('the training left alone failed')
            done = kill_often(config, folder / 'killed', args.kills, args.seed)
        found = compare(folder / 'straight', folder / 'killed')
    table = Table('kill', 'moment', 'after step', 'phase', 'resumed from')
    for index, (kill, last, resumed) in enumerate(done, 1):
        table.add_row(
            str(index), kill.moment, str(last), phase_of(last), str(resumed)
        )
    console.print(table)
    phases = Counter(phase_of(last) for _, last, _ in done)
    saved = f'every {args.by_iter} steps' if args.by_iter else 'by epoch'
    console.print(
        f'{args.behaviour}, checkpoints {saved}, seed {args.seed}: '
        f'{len(done)} kills ({dict(phases)}), {EPOCHS * STEPS} steps, '
        f'{time.time() - begun:.0f} s; torch {torch.__version__}, '
        f'{platform.machine()}'
    )
    for text in found[:20]:
        console.print(f'differs: {text}', markup=False)
    console.print('DIFFERENT' if found else 'EQUAL to the last bit')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
