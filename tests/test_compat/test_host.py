"""Each remedy for the host stack, and that it is still needed.

``bare`` runs the defects in a fresh interpreter without this package. Where
one is gone, its test is skipped: the remedy can be deleted.
"""

import copy
import importlib
import json
import os
import pickle
import subprocess
import sys
import warnings

import mmcv
import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmengine.dist import init_dist
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.model import BaseModel, MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import (
    MODEL_WRAPPERS,
    OPTIM_WRAPPERS,
    DefaultScope,
)
from mmengine.runner import Runner
from torch import nn

import aclnet_plugin
from aclnet_plugin.compat import ACLDistributedDataParallel, apply, host

cpu_only = pytest.mark.skipif(
    torch.cuda.is_available(), reason='the defect shows on CPU only'
)

_BARE = """
import importlib, json, os, sys
import torch
from mmengine.dist import init_dist
from mmengine.model import MMDistributedDataParallel

checkpoint, rendezvous = sys.argv[1:]
found = {}

def attempt(name, function):
    try:
        function()
        found[name] = ''
    except BaseException as error:
        found[name] = f'{type(error).__name__}: {error}'

def inf():
    import numpy
    numpy.Inf

def launch():
    init_dist('pytorch', init_method=f'file://{rendezvous}0',
              rank=0, world_size=1)

def wrap():
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}1', rank=0, world_size=1)
    MMDistributedDataParallel(module=torch.nn.Linear(1, 1), device_ids=[0])

def amp():
    from mmengine.optim import AmpOptimWrapper
    weight = torch.nn.Parameter(torch.ones(1))
    AmpOptimWrapper(optimizer=torch.optim.SGD([weight], lr=1.0))

attempt('amp', amp)
attempt('drn', lambda: importlib.import_module('mmaction.models'))
attempt('checkpoint', lambda: torch.load(checkpoint))
attempt('inf', inf)
attempt('launcher', launch)
attempt('wrapper', wrap)
print(json.dumps(found))
"""

_QUIET = """
import warnings
import aclnet_plugin
import mmcv.cnn.bricks.transformer
from mmengine.utils import get_installed_path, is_installed
get_installed_path('mmaction2'), is_installed('mmcv')
warnings.warn('another warning')
"""


class Phased(nn.Linear):
    """A module whose parameters rest in some epochs, as our head's do."""

    conditionally_trained = True


class Toy(BaseModel):
    """One layer in use and one at rest."""

    def __init__(self, resting):
        super().__init__()
        self.used = nn.Linear(2, 1)
        self.resting = resting

    def forward(self, inputs, mode='loss'):
        return {'loss': self.used(inputs).sum()}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """What a Runner stores besides weights, with numpy scalars added."""
    hub = MessageHub.get_instance('test_host')
    for value in (3.0, 1.0, 2.0):
        hub.update_scalar('train/loss', value)
    hub.update_info('epoch', 1)
    path = tmp_path_factory.mktemp('checkpoint') / 'epoch_1.pth'
    extra = {
        'array': np.arange(3),
        'float': np.float64(0.5),
        'int': np.int64(7),
        'bool': np.bool_(True),
    }
    content = {'message_hub': hub.state_dict(), 'meta': extra}
    torch.save(content, path)
    return path


@pytest.fixture(scope='module')
def bare(checkpoint, clean_env, tmp_path_factory):
    """Defects of the stack without our package: name to error, or ''."""
    folder = tmp_path_factory.mktemp('bare')
    env = clean_env | {
        'RANK': '0',
        'LOCAL_RANK': '0',
        'WORLD_SIZE': '1',
        'CUDA_VISIBLE_DEVICES': '-1',
    }
    done = subprocess.run(
        [sys.executable, '-c', _BARE, str(checkpoint), str(folder / 'r')],
        env=env,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    found['warnings'] = done.stderr
    return found


def need(bare, name, text):
    """Skip where the defect is gone; else check that it is the known one."""
    if not bare[name]:
        pytest.skip(f'this stack does not have the defect {name!r}')
    assert text in bare[name]


def test_apply_twice_changes_nothing():
    def state():
        return (
            copy.copy(sys.meta_path),
            set(torch.serialization.get_safe_globals()),
            {k: v for k, v in vars(host.mmengine.dist.utils).items()},
            list(warnings.filters),
            dict(MODEL_WRAPPERS.module_dict),
        )

    apply()
    before = state()
    apply()
    assert state() == before


def test_version():
    assert aclnet_plugin.__version__.count('.') == 2


# ------------------------------------------------------- requirements


def test_missing_mmcv_says_what_to_install(monkeypatch):
    monkeypatch.setattr(host.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match=r'"mmcv-lite>=2\.1,<2\.2"'):
        apply()


def test_unsuitable_mmcv_says_what_to_install(monkeypatch):
    monkeypatch.setattr(mmcv, '__version__', '2.2.0')
    with pytest.raises(ImportError, match=r'2\.2\.0 is installed.*mmcv-lite'):
        apply()


def test_importlib_metadata_falls_back_to_the_standard_library(monkeypatch):
    find_spec = importlib.util.find_spec

    def hide(name):
        return None if name == 'importlib_metadata' else find_spec(name)

    monkeypatch.delitem(sys.modules, 'importlib_metadata', raising=False)
    monkeypatch.setattr(host.importlib.util, 'find_spec', hide)
    apply()
    backport = sys.modules['importlib_metadata']
    monkeypatch.delitem(sys.modules, 'importlib_metadata')
    # The two names that mmaction.utils.dependency takes.
    assert backport.distribution('numpy').version == np.__version__
    assert issubclass(backport.PackageNotFoundError, ImportError)


# ------------------------------------------------------------ imports


def test_models_import_although_drn_is_missing(bare):
    need(bare, 'drn', 'mmaction.models.localizers.drn')
    from mmaction.registry import MODELS

    importlib.import_module('mmaction.models')
    with pytest.raises(NotImplementedError, match='issue 2714'):
        MODELS.build({'type': 'DRN'})
    # No other missing module is answered for.
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module('mmaction.models.localizers.nothing')


def test_pose_compact_finds_numpy_inf(bare):
    need(bare, 'inf', 'Inf')
    from mmaction.registry import TRANSFORMS

    rng = np.random.default_rng(0)
    pose = rng.uniform(20, 60, (1, 4, 17, 2)).astype(np.float32)
    compact = TRANSFORMS.build({'type': 'PoseCompact', 'hw_ratio': 1.0})
    done = compact({'keypoint': pose, 'img_shape': (100, 100)})
    assert max(done['img_shape']) < 100


def test_two_warnings_are_quiet_and_no_other(bare, clean_env):
    expected = (
        'pkg_resources is deprecated',
        'Fail to import ``MultiScaleDeformableAttention``',
    )
    if not any(text in bare['warnings'] for text in expected):
        pytest.skip('this stack does not have the warnings')
    done = subprocess.run(
        [sys.executable, '-c', _QUIET],
        env=clean_env,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not any(text in done.stderr for text in expected)
    assert 'another warning' in done.stderr


# -------------------------------------------------------- checkpoints


def test_checkpoint_of_the_runner_loads(bare, checkpoint):
    need(bare, 'checkpoint', 'Weights only load failed')
    loaded = torch.load(checkpoint)
    history = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer)
    assert history.min() == 1.0
    assert history.statistics('mean') == 2.0
    meta = loaded['meta']
    assert meta['array'].tolist() == [0, 1, 2]
    assert (meta['float'], meta['int'], meta['bool']) == (0.5, 7, True)


@pytest.mark.parametrize('core', ['numpy.core.', 'numpy._core.'])
def test_both_numpy_spellings_load(core, tmp_path):
    path = tmp_path / 'legacy.pth'
    content = {'array': np.ones(2), 'scalar': np.float64(2)}
    # The old format is one plain pickle, whose names can be replaced.
    torch.save(content, path, _use_new_zipfile_serialization=False)
    raw = path.read_bytes().replace(b'numpy._core.', b'numpy.core.')
    path.write_bytes(raw.replace(b'numpy.core.', core.encode()))
    loaded = torch.load(path)
    assert loaded['array'].tolist() == [1, 1]
    assert loaded['scalar'] == 2


class Reduced:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __call__(self):
        """Callable, so that pickle accepts it as a function."""

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    'content',
    [
        Reduced(os.system, 'exit 1'),
        Reduced(eval, '1 + 1'),
        Reduced(getattr, Reduced(importlib.import_module, 'os'), 'system'),
        Reduced(getattr, np.ndarray, 'tofile'),
        Reduced(getattr, HistoryBuffer, '__init__'),
        Reduced(getattr, HistoryBuffer, 'register_statistics'),
        Reduced(Reduced(getattr, HistoryBuffer, 'min'), 1),
        Reduced(np.fromfile, 'x'),
        np.array([print], dtype=object),
        np.array(['text']),
    ],
)
def test_hostile_checkpoints_are_refused(content, tmp_path):
    path = tmp_path / 'hostile.pth'
    torch.save({'state_dict': {}, 'meta': content}, path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path)


def test_the_check_stays_on():
    # Not even through the replacement's own arguments.
    for obj, name in ((os, 'system'), (HistoryBuffer, '__globals__')):
        with pytest.raises(pickle.UnpicklingError, match=name):
            host._history_buffer_getattr(obj, name)
    assert 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' not in os.environ


# ----------------------------------------------------- two processes


@pytest.fixture
def one_rank(monkeypatch):
    """Environment of a launcher with a single process."""
    names = ('RANK', 'LOCAL_RANK', 'SLURM_PROCID', 'SLURM_LOCALID')
    values = dict.fromkeys(names, '0') | {
        'WORLD_SIZE': '1',
        'SLURM_NTASKS': '1',
        'SLURM_NODELIST': 'localhost',
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': '29500',
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


@cpu_only
@pytest.mark.parametrize('launcher', ['pytorch', 'slurm'])
def test_launchers_use_gloo_without_a_device(
    bare, launcher, one_rank, tmp_path
):
    # A CPU build lacks a function, a CUDA build misses the driver.
    need(bare, 'launcher', '')
    original = torch.cuda.set_device
    init_dist(
        launcher,
        backend='nccl',
        init_method=f'file://{tmp_path}/rendezvous',
        rank=0,
        world_size=1,
    )
    assert dist.get_backend() == 'gloo'
    assert torch.cuda.set_device is original


def test_launchers_are_untouched_with_a_device(monkeypatch):
    monkeypatch.setattr(host, 'get_device', lambda: 'cuda')
    seen = []
    wrapper = host._cpu_aware(lambda backend, **kwargs: seen.append(backend))
    wrapper('nccl')
    monkeypatch.setattr(host, 'get_device', lambda: 'cpu')
    wrapper('nccl')
    wrapper('mpi')
    assert seen == ['nccl', 'gloo', 'mpi']


@pytest.fixture
def group(one_rank, tmp_path):
    """A gloo group with one process."""
    dist.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1
    )


@cpu_only
@pytest.mark.parametrize(
    'wrapper_cfg', [None, {'type': 'MMDistributedDataParallel'}]
)
def test_runner_wraps_on_cpu(bare, wrapper_cfg, group, tmp_path):
    need(bare, 'wrapper', 'device_ids')
    with DefaultScope.overwrite_default_scope('mmaction'):
        runner = Runner(
            Toy(nn.Linear(1, 1)),
            work_dir=str(tmp_path),
            default_scope='mmaction',
            experiment_name=f'wrap_{wrapper_cfg is None}',
        )
        runner._launcher, runner._distributed = 'pytorch', True
        model = runner.wrap_model(wrapper_cfg, Toy(Phased(1, 1)))
    assert type(model) is ACLDistributedDataParallel
    assert model.device_ids is None
    assert model.find_unused_parameters


@cpu_only
def test_resting_parameters_do_not_stop_the_second_step(group):
    assert 'ACLDistributedDataParallel' in MODEL_WRAPPERS.module_dict
    model = ACLDistributedDataParallel(Toy(Phased(1, 1)), device_ids=[0])
    optim = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    data = {'inputs': torch.ones(3, 2)}
    for _ in range(2):
        model.train_step(data, optim)
    assert model.module.resting.weight.grad is None
    assert isinstance(model, MMDistributedDataParallel)


@cpu_only
def test_find_unused_parameters_stays_off_for_stock_models(group):
    model = ACLDistributedDataParallel(Toy(nn.Linear(1, 1)), device_ids=[0])
    assert not model.find_unused_parameters


def amp_wrapper(**kwargs):
    weight = nn.Parameter(torch.ones(4, 4))
    with DefaultScope.overwrite_default_scope('mmaction'):
        wrapper = OPTIM_WRAPPERS.build(
            dict(type='AmpOptimWrapper', **kwargs),
            default_args=dict(optimizer=torch.optim.SGD([weight], lr=1.0)),
        )
    return wrapper, weight


@cpu_only
def test_amp_runs_in_bfloat16_on_a_cpu(bare):
    if not bare['amp']:
        pytest.skip('AmpOptimWrapper accepts a CPU; delete the remedy')
    wrapper, weight = amp_wrapper(loss_scale='dynamic')
    with wrapper.optim_context(nn.Identity()):
        product = weight @ weight
    assert product.dtype == torch.bfloat16
    wrapper.update_params(product.float().sum())
    assert not torch.equal(weight, torch.ones(4, 4))
    with pytest.raises(ValueError, match='bfloat16 on a CPU'):
        amp_wrapper(dtype='float16')


def test_amp_is_the_stock_one_with_a_device(monkeypatch):
    monkeypatch.setattr(host, 'get_device', lambda: 'cuda')
    monkeypatch.setattr(host, 'AmpOptimWrapper', dict)
    wrapper, _ = amp_wrapper(loss_scale=2.0)
    assert wrapper['loss_scale'] == 2.0


_LEAVE = """
import atexit, sys
import torch.distributed as dist
import aclnet_plugin
from mmengine.dist import init_dist

# Handlers run last come, first served: this one after ours.
atexit.register(lambda: print('still there:', dist.is_initialized()))
init_dist('pytorch', backend='nccl', init_method=f'file://{sys.argv[1]}',
          rank=0, world_size=1)
print('began:', dist.is_initialized())
"""


@cpu_only
def test_processes_leave_their_group(clean_env, tmp_path):
    """A thread of gloo's must not outlive the interpreter."""
    env = clean_env | {'RANK': '0', 'LOCAL_RANK': '0', 'WORLD_SIZE': '1'}
    done = subprocess.run(
        [sys.executable, '-c', _LEAVE, str(tmp_path / 'meet')],
        env=env,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert 'began: True' in done.stdout
    assert 'still there: False' in done.stdout
