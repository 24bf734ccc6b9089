"""Every remedy for a defect of the host libraries, in one place.

The package applies them on import, so that
``custom_imports = dict(imports=['aclnet_plugin'])`` is all a config needs.
Name this package *first* in that list: some remedies must be in place before
``mmaction.models`` is imported. Each remedy tests for the defect, may run any
number of times, and says when it can be deleted.

What cannot be mended from here, found with torch 2.13, numpy 2.4, mmengine
0.10.7, mmcv-lite 2.1.0 and mmaction2 1.2.0:

- The stock heads call ``.cpu().numpy()`` on the scores for their top-k log,
  which numpy refuses under bf16 autocast. ``ACLHead`` computes top-k on the
  device; a stock head has to stay with fp16 or fp32.
- ``openmim`` and, for ``_base_ = 'mmaction::...'``, mmengine import
  ``pkg_resources`` before this package is imported. Its deprecation warning
  is then out of reach; ``PYTHONWARNINGS='ignore:pkg_resources is deprecated'``
  silences it. ``setuptools>=81`` no longer ships that module at all.
- ``compile=True`` on a CPU is reported to end in ``corrupted double-linked
  list`` now and then (STGCN++); not seen with ACLGCN. Supported (torch 2.13):
  the backbone is one graph without a break; ``eager`` and ``aot_eager``
  compute bit for bit what is computed without them, tested in a training
  step through all phases, which compiles nothing again. ``inductor`` on a
  CPU needs a C++ compiler and is tested on one small stage; ten stages of 16
  channels compiled in 202 s on one thread, equal up to rounding (features
  3e-5, gradients 2e-3, in float64 1e-13), and no faster there. GPUs are not
  established. The head keeps losses and state out of the graph.
- numpy 2 removed ``trapz`` and ``in1d``, which mmaction2 uses for temporal
  localisation and multi-modal metrics. Nothing about skeletons needs them.
"""

import atexit
import importlib
import importlib.metadata
import importlib.util
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import mmengine.dist.utils
import mmengine.runner.runner
import numpy as np
import torch
from mmengine.device import get_device
from mmengine.logging import HistoryBuffer, print_log
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from mmengine.utils import digit_version
from torch import nn

from .checkpoint_files import apply_checkpoint_remedies

_MMCV_HINT = 'Please run: pip install "mmcv-lite>=2.1,<2.2"'
_DRN = 'mmaction.models.localizers.drn'
_QUIET = (
    r'pkg_resources is deprecated as an API',
    r'Fail to import ``MultiScaleDeformableAttention`` from',
)


def quiet_warnings() -> None:
    """Hide two warnings that no user of this package can act upon.

    ``pkg_resources`` is imported by mmengine and openmim, and mmcv-lite
    reports that it lacks ``MultiScaleDeformableAttention``, an op which
    skeleton models do not use. Delete when mmengine stops importing
    ``pkg_resources`` and mmcv-lite stops warning.
    """
    for message in _QUIET:
        warnings.filterwarnings('ignore', message=message)


def require_mmcv() -> None:
    """Fail early, and say what to install, where no usable mmcv is found.

    ``mmcv`` and ``mmcv-lite`` both provide the module, and pip cannot express
    "either of them", so neither is a declared requirement. Delete when pip
    can, or when mmaction2 no longer needs it.

    Raises:
        ImportError: If mmcv is missing or outside mmaction2's range.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise ImportError(
            'aclnet_plugin needs the module `mmcv`, which either `mmcv` or '
            f'`mmcv-lite` provides; neither is installed. {_MMCV_HINT}'
        )
    version = importlib.import_module('mmcv').__version__
    low, found, high = map(digit_version, ('2.0.0rc4', version, '2.2.0'))
    if not low <= found < high:
        raise ImportError(
            f'mmcv {version} is installed, but mmaction2 1.2 accepts '
            f'>=2.0.0rc4,<2.2.0 only. {_MMCV_HINT}'
        )


def supply_importlib_metadata() -> None:
    """Let the standard library answer for a missing ``importlib_metadata``.

    mmaction2 1.2.0 imports that backport without declaring it; the two names
    it takes exist in ``importlib.metadata``. Delete when mmaction2 declares
    the requirement or imports the standard module.
    """
    if 'importlib_metadata' in sys.modules:
        return
    if importlib.util.find_spec('importlib_metadata') is None:
        sys.modules['importlib_metadata'] = importlib.metadata


class _DRNFinder(MetaPathFinder, Loader):
    """Import hook that answers for the DRN modules and nothing else.

    It stands last in ``sys.meta_path``: python asks it only after every
    regular finder has failed, which is the feature test.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return a spec for the missing package or its module."""
        if fullname not in (_DRN, f'{_DRN}.drn'):
            return None
        return importlib.util.spec_from_loader(
            fullname, self, is_package=fullname == _DRN
        )

    def exec_module(self, module: ModuleType) -> None:
        """Define a registered ``DRN`` that only explains its absence."""
        if module.__name__ == _DRN:
            return
        from mmaction.registry import MODELS

        @MODELS.register_module()
        class DRN(nn.Module):
            """Stand-in for a localizer that the wheel does not contain."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                raise NotImplementedError(
                    'The installed mmaction2 was published without its DRN '
                    'localizer (mmaction2 issue 2714). Install mmaction2 '
                    'from a source checkout to use DRN.'
                )

        module.DRN = DRN


def supply_localizers_drn() -> None:
    """Stand in for ``mmaction.models.localizers.drn`` where it is missing.

    The 1.2.0 wheel and sdist lack that package, so that importing
    ``mmaction.models``, and with it building any model, fails (mmaction2
    issue 2714). Delete when a release contains it.
    """
    if not any(isinstance(f, _DRNFinder) for f in sys.meta_path):
        sys.meta_path.append(_DRNFinder())


def restore_numpy_inf() -> None:
    """Bring back ``numpy.Inf``, which numpy 2 removed.

    mmaction2 1.2.0 reads it in ``PoseCompact``, a usual step of 2D skeleton
    pipelines. Delete when mmaction2 spells it ``inf``.
    """
    if 'Inf' not in vars(np):
        np.Inf = np.inf


def _history_buffer_getattr(obj: Any, name: str) -> Callable:
    """Resolve ``builtins.getattr`` in a checkpoint, for one class only."""
    if obj is HistoryBuffer and name in ('current', 'max', 'mean', 'min'):
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(
        f'A checkpoint asks for attribute {name!r} of {obj!r}. Only the '
        'statistics of HistoryBuffer are allowed.'
    )


def allow_checkpoint_globals() -> None:
    """Let ``torch.load`` read the log history in mmengine's checkpoints.

    Since 2.6 torch refuses unknown globals, and mmengine 0.10.7 stores
    ``HistoryBuffer`` objects with numpy arrays, so resuming and testing end
    in ``Weights only load failed`` (mmengine issue 1655). The check stays
    on; added to its list are that class, four of its methods, and numeric
    numpy arrays under the names that numpy 1 and 2 write. Delete when
    mmengine saves plain values.
    """
    reconstruct = np.empty(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    allowed: list[Any] = [
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        (_history_buffer_getattr, 'builtins.getattr'),
        # numpy 1 wrote `core`, numpy 2 writes `_core`; both read either.
        *(
            (function, f'numpy.{core}.multiarray.{name}')
            for core in ('core', '_core')
            for name, function in (
                ('_reconstruct', reconstruct),
                ('scalar', scalar),
            )
        ),
        # Numbers only: no object, text or structured arrays.
        *{type(np.dtype(code)) for code in '?bBhHiIlLqQefd'},
    ]
    torch.serialization.add_safe_globals(allowed)


@contextmanager
def _set_device_ignored() -> Iterator[None]:
    """Make ``torch.cuda.set_device`` do nothing for a moment."""
    original = torch.cuda.set_device
    torch.cuda.set_device = lambda device: None
    try:
        yield
    finally:
        torch.cuda.set_device = original


def _leave_process_group() -> None:
    """End gloo's threads before the interpreter goes.

    MMEngine never does. Work that such a thread still holds is then let go
    while the interpreter is torn down, and the process aborts now and then
    (``terminate called without an active exception``): the launcher calls a
    finished training failed. PyTorch's pull request 179291 tells the cause;
    delete when PyTorch leaves by itself.
    """
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _cpu_aware(init: Callable) -> Callable:
    """Wrap one of mmengine's launchers so that it works without a device."""

    @wraps(init)
    def wrapper(backend: str, *args: Any, **kwargs: Any) -> None:
        if get_device() != 'cpu':
            return init(backend, *args, **kwargs)
        with _set_device_ignored():
            gloo = 'gloo' if backend == 'nccl' else backend
            init(gloo, *args, **kwargs)
        atexit.register(_leave_process_group)

    wrapper.aclnet_cpu_aware = True
    return wrapper


def initialise_gloo_on_cpu() -> None:
    """Let the launchers start where there is no accelerator.

    mmengine 0.10.7 always calls ``torch.cuda.set_device``, which a CPU build
    of torch does not have (``no attribute '_cuda_setDevice'``), and the
    default config asks for nccl. No upstream issue is known; mmengine's pull
    request 973 wrote the lines. Decided at launch, not at import. Delete
    when mmengine chooses device and backend by what is there.
    """
    utils = mmengine.dist.utils
    for launcher in ('pytorch', 'slurm', 'mpi'):
        name = f'_init_dist_{launcher}'
        init = getattr(utils, name, None)
        if init and not hasattr(init, 'aclnet_cpu_aware'):
            setattr(utils, name, _cpu_aware(init))


@MODEL_WRAPPERS.register_module()
class ACLDistributedDataParallel(MMDistributedDataParallel):
    """``MMDistributedDataParallel`` for CPUs and for phased heads.

    On CPU it drops ``device_ids`` and ``output_device``, which torch accepts
    for accelerators only. It turns ``find_unused_parameters`` on for models
    with a module whose class sets ``conditionally_trained = True``: some of
    its parameters take no part in early epochs, and the reducer would stop
    at the second step.

    Args:
        module (nn.Module): The model to wrap.
        detect_anomalous_params (bool): See the parent class.
            Defaults to False.
        **kwargs: Arguments of ``DistributedDataParallel``.
    """

    def __init__(
        self,
        module: nn.Module,
        detect_anomalous_params: bool = False,
        **kwargs: Any,
    ) -> None:
        if all(p.device.type == 'cpu' for p in module.parameters()):
            kwargs.pop('device_ids', None)
            kwargs.pop('output_device', None)
        phased = any(
            getattr(type(m), 'conditionally_trained', False)
            for m in module.modules()
        )
        if phased and not kwargs.get('find_unused_parameters'):
            # The Runner passes False when the config is silent, so that a
            # choice cannot be told from a default.
            kwargs['find_unused_parameters'] = True
            print_log('find_unused_parameters is on.', logger='current')
        super().__init__(module, detect_anomalous_params, **kwargs)


def prefer_own_wrapper() -> None:
    """Make ``ACLDistributedDataParallel`` what the Runner wraps with.

    mmengine 0.10.7 passes ``device_ids`` on CPU, too, which torch rejects
    (no upstream issue known; lines of its pull request 973). A
    config without ``model_wrapper_cfg`` reaches the name that the Runner's
    module holds; one with ``type='MMDistributedDataParallel'`` is looked up
    in mmaction's registry before mmengine's, where the name is free. Delete
    when mmengine leaves ``device_ids`` out on CPU; ``conditionally_trained``
    then needs ``find_unused_parameters=True`` in the configs.
    """
    from mmaction.registry import MODEL_WRAPPERS as HOST_WRAPPERS

    name, own = 'MMDistributedDataParallel', ACLDistributedDataParallel
    if getattr(mmengine.runner.runner, name, None) is not own:
        setattr(mmengine.runner.runner, name, own)
    if name not in HOST_WRAPPERS.module_dict:
        HOST_WRAPPERS.register_module(name=name, module=own)


class _CPUAmpOptimWrapper(OptimWrapper):
    """``AmpOptimWrapper`` for the CPU: bfloat16 autocast.

    bfloat16 has the exponents of float32, so no loss scale is needed.

    Args:
        loss_scale: For the parent's signature; unused.
        dtype: ``None`` or ``'bfloat16'``.
        use_fsdp: For the parent's signature; unused.
        **kwargs: Arguments of ``OptimWrapper``.

    Raises:
        ValueError: For float16, which needs a loss scale.
    """

    def __init__(
        self,
        loss_scale: str | float | dict = 'dynamic',
        dtype: str | torch.dtype | None = None,
        use_fsdp: bool = False,
        **kwargs: Any,
    ) -> None:
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise ValueError(
                f'AmpOptimWrapper runs in bfloat16 on a CPU, not in {dtype}; '
                f'leave dtype out of optim_wrapper or use an accelerator'
            )
        super().__init__(**kwargs)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward pass under bfloat16 autocast."""
        with (
            super().optim_context(model),
            torch.autocast('cpu', dtype=torch.bfloat16),
        ):
            yield


def build_amp_optim_wrapper(**kwargs: Any) -> OptimWrapper:
    """``AmpOptimWrapper`` on an accelerator, its stand-in on a CPU."""
    if get_device() == 'cpu':
        return _CPUAmpOptimWrapper(**kwargs)
    return AmpOptimWrapper(**kwargs)


def offer_amp_on_cpu() -> None:
    """Let ``--amp`` work where there is no accelerator.

    mmengine 0.10.7 asserts one in ``AmpOptimWrapper`` (mmpretrain issue
    1556). The name is looked up in mmaction's registry before mmengine's,
    where it is free. Delete when mmengine accepts a CPU.
    """
    from mmaction.registry import OPTIM_WRAPPERS

    name = 'AmpOptimWrapper'
    if name not in OPTIM_WRAPPERS.module_dict:
        OPTIM_WRAPPERS.register_module(
            name=name, module=build_amp_optim_wrapper
        )


def apply() -> None:
    """Apply every remedy that this environment needs."""
    quiet_warnings()
    require_mmcv()
    supply_importlib_metadata()
    supply_localizers_drn()
    restore_numpy_inf()
    allow_checkpoint_globals()
    initialise_gloo_on_cpu()
    prefer_own_wrapper()
    offer_amp_on_cpu()
    apply_checkpoint_remedies()
