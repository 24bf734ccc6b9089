"""The command line tools and the scripts that launch them."""

import importlib.util
import pickle
import sys
from pathlib import Path

import pytest
import torch

from tests.processes import run

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'


@pytest.fixture
def fake_srun(tmp_path, clean_env):
    """Environment in which `srun` writes its arguments to a file."""
    record = tmp_path / 'srun.txt'
    script = tmp_path / 'srun'
    script.write_text(
        '#!/usr/bin/env bash\n'
        f'printf "%s\\n" "$@" "MASTER_PORT=$MASTER_PORT" > {record}\n'
    )
    script.chmod(0o755)
    env = dict(clean_env, PATH=f'{tmp_path}:{clean_env["PATH"]}')
    for name in ('GPUS', 'GPUS_PER_NODE', 'CPUS_PER_TASK', 'SRUN_ARGS'):
        env.pop(name, None)
    return env, record


@pytest.fixture
def fake_python(tmp_path, clean_env):
    """Environment in which the interpreter writes its arguments to a file."""
    record = tmp_path / 'python.txt'
    script = tmp_path / 'fake python'
    script.write_text(f'#!/usr/bin/env bash\nprintf "%s\\n" "$@" > {record}\n')
    script.chmod(0o755)
    return dict(clean_env, PYTHON=str(script)), record


@pytest.mark.parametrize(
    ('script', 'arguments'),
    [
        ('dist_train.sh', ['config.py']),
        ('dist_test.sh', ['config.py', '2']),
        ('slurm_train.sh', ['partition', 'job']),
        ('slurm_test.sh', ['partition', 'job', 'config.py']),
    ],
)
def test_scripts_print_their_usage(script, arguments, clean_env):
    status, output = run(['bash', TOOLS / script, *arguments], clean_env)
    assert status == 2
    assert output.startswith(f'Usage: tools/{script}')


@pytest.mark.parametrize(
    ('script', 'arguments'),
    [
        ('dist_train.sh', ['nowhere.py', '2']),
        ('dist_test.sh', ['nowhere.py', 'x.pth', '2']),
        ('slurm_train.sh', ['partition', 'job', 'nowhere.py']),
        ('slurm_test.sh', ['partition', 'job', 'nowhere.py', 'x.pth']),
    ],
)
def test_scripts_name_a_missing_config(script, arguments, clean_env):
    status, output = run(['bash', TOOLS / script, *arguments], clean_env)
    assert (status, output) == (
        2,
        f"{script}: there is no config 'nowhere.py'\n",
    )


@pytest.mark.parametrize('gpus', ['0', 'two', '-1'])
def test_dist_train_refuses_a_bad_count(gpus, stgcn_config, clean_env):
    status, output = run(
        ['bash', TOOLS / 'dist_train.sh', stgcn_config, gpus], clean_env
    )
    assert status == 2
    assert f"GPUS has to be 1, 2, ..., not '{gpus}'" in output


def test_dist_train_on_one_node_takes_a_free_port(stgcn_config, fake_python):
    env, record = fake_python
    command = ['bash', TOOLS / 'dist_train.sh', stgcn_config, '2']
    assert run([*command, '--work-dir', 'a b'], env)[0] == 0
    assert record.read_text().splitlines() == [
        '-m',
        'torch.distributed.run',
        '--nnodes=1',
        '--nproc-per-node=2',
        '--standalone',
        '--local-addr=127.0.0.1',
        str(TOOLS / 'train.py'),
        str(stgcn_config),
        '--work-dir',
        'a b',
        '--launcher',
        'pytorch',
    ]


def test_dist_test_over_nodes_takes_the_environment(stgcn_config, fake_python):
    env, record = fake_python
    env |= {'NNODES': '2', 'NODE_RANK': '1', 'MASTER_ADDR': 'head'}
    command = ['bash', TOOLS / 'dist_test.sh', stgcn_config, 'x.pth', '4']
    assert run(command, env)[0] == 0
    assert record.read_text().splitlines() == [
        '-m',
        'torch.distributed.run',
        '--nnodes=2',
        '--nproc-per-node=4',
        '--node-rank=1',
        '--master-addr=head',
        '--master-port=29500',
        str(TOOLS / 'test.py'),
        str(stgcn_config),
        'x.pth',
        '--launcher',
        'pytorch',
    ]


def test_slurm_train_passes_everything_on(stgcn_config, fake_srun):
    env, record = fake_srun
    env |= {
        'GPUS': '16',
        'CPUS_PER_TASK': '3',
        'SRUN_ARGS': '--quotatype=auto --exclude=n1',
        'PORT': '23456',
    }
    command = ['bash', TOOLS / 'slurm_train.sh', 'gpu', 'job', stgcn_config]
    assert run([*command, '--cfg-options', 'a="x y"'], env)[0] == 0
    assert record.read_text().splitlines() == [
        '--partition=gpu',
        '--job-name=job',
        '--gres=gpu:8',
        '--ntasks=16',
        '--ntasks-per-node=8',
        '--cpus-per-task=3',
        '--kill-on-bad-exit=1',
        '--quotatype=auto',
        '--exclude=n1',
        sys.executable,
        '-u',
        str(TOOLS / 'train.py'),
        str(stgcn_config),
        '--cfg-options',
        'a="x y"',
        '--launcher',
        'slurm',
        'MASTER_PORT=23456',
    ]


def test_slurm_test_without_devices(stgcn_config, fake_srun):
    env, record = fake_srun
    env |= {'GPUS': '2', 'GRES': ''}
    command = ['bash', TOOLS / 'slurm_test.sh', 'cpu', 'job', stgcn_config]
    assert run([*command, 'x.pth'], env)[0] == 0
    lines = record.read_text().splitlines()
    assert lines[2:5] == [
        '--ntasks=2',
        '--ntasks-per-node=2',
        '--cpus-per-task=5',
    ]
    assert lines[7:11] == [
        '-u',
        str(TOOLS / 'test.py'),
        str(stgcn_config),
        'x.pth',
    ]
    assert 20000 <= int(lines[-1].removeprefix('MASTER_PORT=')) < 30000


@pytest.fixture
def tool(monkeypatch):
    """Import a script of `tools/` as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))

    def load(name):
        spec = importlib.util.spec_from_file_location(
            f'aclnet_tools_{name}', TOOLS / f'{name}.py'
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop('_common', None)


def parse(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['tool', *map(str, arguments)])
    return module.parse_args()


@pytest.mark.parametrize(
    ('name', 'arguments', 'message'),
    [
        ('train', ['nowhere.py'], "there is no file 'nowhere.py'"),
        ('train', ['{config}', '--resume', 'no.pth'], "no file 'no.pth'"),
        ('test', ['{config}', 'no.pth'], "there is no file 'no.pth'"),
        ('test', ['nowhere.py', 'no.pth'], "there is no file 'nowhere.py'"),
        ('test', ['{config}', '{config}', '--dump', 'x.txt'], 'end with .pkl'),
    ],
)
def test_tools_name_what_is_missing(
    name, arguments, message, tool, stgcn_config, monkeypatch, capsys
):
    filled = [text.format(config=stgcn_config) for text in arguments]
    with pytest.raises(SystemExit) as error:
        parse(tool(name), monkeypatch, *filled)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_train_merges_its_flags(tool, stgcn_config, monkeypatch):
    train = tool('train')
    # Entered, so that what load_config sets is undone.
    monkeypatch.setenv('LOCAL_RANK', '3')
    flags = ('--amp --no-validate --auto-scale-lr --seed 7 --resume').split()
    args = parse(train, monkeypatch, stgcn_config, *flags)
    cfg = train.load_config(args)
    assert cfg.work_dir == str(Path('work_dirs', 'tiny_stgcn'))
    train.merge_args(cfg, args)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None
    assert cfg.auto_scale_lr.enable
    assert (cfg.resume, cfg.load_from) == (True, None)
    assert cfg.randomness == {'seed': 7}

    args = parse(train, monkeypatch, stgcn_config, '--resume', stgcn_config)
    cfg = train.load_config(args)
    cfg.randomness = {'seed': 5}
    train.merge_args(cfg, args)
    assert (cfg.resume, cfg.load_from) == (True, str(stgcn_config))
    assert cfg.randomness == {'seed': 5}


def test_train_explains_what_it_cannot_do(tool, stgcn_config, monkeypatch):
    train = tool('train')
    monkeypatch.setenv('LOCAL_RANK', '0')
    args = parse(train, monkeypatch, stgcn_config, '--auto-scale-lr')
    cfg = train.load_config(args)
    cfg.pop('auto_scale_lr')
    with pytest.raises(SystemExit, match='base_batch_size'):
        train.merge_args(cfg, args)


def test_dump_is_added_to_the_metrics(tool):
    test = tool('test')
    cfg = test.Config({'test_evaluator': {'type': 'AccMetric'}})
    test.add_dump(cfg, 'x.pkl')
    assert [m['type'] for m in cfg.test_evaluator] == [
        'AccMetric',
        'DumpPredictions',
    ]
    assert cfg.test_evaluator[1]['out_file_path'] == 'x.pkl'


@pytest.fixture(scope='module')
def trained(stgcn_config, clean_env, tmp_path_factory):
    """Train one epoch in two CPU processes; return (folder, output)."""
    folder = tmp_path_factory.mktemp('two_ranks')
    env = dict(clean_env, CUDA_VISIBLE_DEVICES='-1')
    status, output = run(
        [
            'bash',
            TOOLS / 'dist_train.sh',
            stgcn_config,
            '2',
            '--work-dir',
            folder,
            '--seed',
            '0',
        ],
        env,
        folder,
    )
    assert status == 0, output
    return folder, output


@pytest.mark.slow
def test_two_processes_train_resume_and_test(trained, stgcn_config, clean_env):
    folder, output = trained
    env = dict(clean_env, CUDA_VISIBLE_DEVICES='-1')
    # 16 samples, batches of 4, 2 ranks.
    assert 'Epoch(train) [1][2/2]' in output
    assert 'Epoch(val) [1][1/1]' in output
    for quiet in ('pkg_resources', 'MultiScaleDeformableAttention'):
        assert quiet not in output
    first = torch.load(folder / 'epoch_1.pth')
    assert first['meta']['iter'] == 2

    # Again with the wrapper named by the user, two epochs in all.
    status, output = run(
        [
            'bash',
            TOOLS / 'dist_train.sh',
            stgcn_config,
            '2',
            '--work-dir',
            folder,
            '--resume',
            '--cfg-options',
            'train_cfg.max_epochs=2',
            'model_wrapper_cfg.type=MMDistributedDataParallel',
        ],
        env,
        folder,
    )
    assert status == 0, output
    assert 'resumed epoch: 1, iter: 2' in output
    assert 'Epoch(train) [2][2/2]' in output
    assert 'Epoch(train) [1]' not in output
    second = torch.load(folder / 'epoch_2.pth')
    assert second['meta']['iter'] == 4
    history = second['message_hub']['log_scalars']['train/loss']
    assert len(history._log_history) == 4

    status, output = run(
        [
            'bash',
            TOOLS / 'dist_test.sh',
            stgcn_config,
            folder / 'epoch_2.pth',
            '2',
            '--work-dir',
            folder,
            '--dump',
            folder / 'scores.pkl',
        ],
        env,
        folder,
    )
    assert status == 0, output
    assert 'acc/top1' in output
    assert len(pickle.loads((folder / 'scores.pkl').read_bytes())) == 8


@pytest.mark.slow
def test_mim_resumes_and_tests(trained, stgcn_config, clean_env, tmp_path):
    """MMAction2's own tools meet this package only through the config."""
    pytest.importorskip('mim')
    folder, _ = trained
    env = dict(clean_env, CUDA_VISIBLE_DEVICES='-1')
    mim = [sys.executable, '-m', 'mim']
    checkpoint = folder / 'epoch_1.pth'
    options = ['--work-dir', tmp_path, '--cfg-options']
    status, output = run(
        [
            *mim,
            'train',
            'mmaction',
            stgcn_config,
            '--resume',
            checkpoint,
            *options,
            'train_cfg.max_epochs=2',
        ],
        env,
        tmp_path,
    )
    assert status == 0, output
    assert 'resumed epoch: 1' in output
    assert (tmp_path / 'epoch_2.pth').is_file()
    status, output = run(
        [
            *mim,
            'test',
            'mmaction',
            stgcn_config,
            '--checkpoint',
            tmp_path / 'epoch_2.pth',
            '--work-dir',
            tmp_path,
        ],
        env,
        tmp_path,
    )
    assert status == 0, output
    assert 'acc/top1' in output
