"""Tells a timeline when the parts of a training step begin and end."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.distributed import GradBucket
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks
from torch.nn.parallel import DistributedDataParallel

from aclnet_plugin.utils import dist

from .timeline import Timeline

_OF_MODEL = (
    ('data_preprocessor', 'forward', 'copy'),
    ('backbone', 'forward', 'backbone'),
    ('neck', 'forward', 'backbone'),
    ('cls_head', 'loss', 'head'),
    ('cls_head', 'contrastive_losses', 'losses'),
)
_OF_OPTIMISER = (
    ('backward', 'backward'),
    ('step', 'optimiser'),
    ('zero_grad', 'optimiser'),
)


@contextmanager
def instrumented(
    model: nn.Module, optim_wrapper: OptimWrapper, timeline: Timeline
) -> Iterator[None]:
    """Report the calls inside a training step to a timeline.

    Methods of these objects are wrapped, and are as before afterwards. What
    a model lacks is left out: its time goes to whoever calls it.

    Args:
        model: A recognizer, possibly wrapped for several processes.
        optim_wrapper: Its optimiser.
        timeline: Takes the times.
    """
    core = model.module if is_model_wrapper(model) else model
    calls: list[tuple[Any, str, str]] = [
        (getattr(core, owner, None), name, part)
        for owner, name, part in _OF_MODEL
    ]
    calls += [(optim_wrapper, name, part) for name, part in _OF_OPTIMISER]
    if get_world_size() > 1:
        # The one place from which heads exchange their batches.
        calls.append((dist, 'all_gather', 'sync'))
    with ExitStack() as stack:
        for owner, name, part in calls:
            if callable(getattr(owner, name, None)):
                stack.enter_context(timed_call(owner, name, part, timeline))
        yield


@contextmanager
def timed_call(
    owner: Any, name: str, part: str, timeline: Timeline
) -> Iterator[None]:
    """Credit every call of a function to a part.

    Args:
        owner: The object, or module, that holds the function.
        name: Its name there.
        part: One of :data:`~.timeline.PARTS`.
        timeline: Takes the times.
    """
    function = getattr(owner, name)
    # A method belongs to the class, and the object must not keep a copy.
    own = name in vars(owner)

    @functools.wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        with timeline.part(part):
            return function(*args, **kwargs)

    setattr(owner, name, timed)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, function)
        else:
            delattr(owner, name)


def time_gradient_sync(model: nn.Module, timeline: Timeline) -> bool:
    """Credit the averaging of gradients in measured steps to ``'sync'``.

    There each bucket is waited for, so that nothing of it runs beside the
    backward pass: the time is that of the communication, not of what is left
    of it in a training. A model can be given one such hook only, and keeps
    it.

    Args:
        model: A model.
        timeline: Takes the times.

    Returns:
        Whether there is anything to average.
    """
    if not isinstance(model, DistributedDataParallel):
        return False

    def average(_: None, bucket: GradBucket) -> torch.futures.Future[Tensor]:
        if not timeline.running:
            return default_hooks.allreduce_hook(None, bucket)
        with timeline.part('sync'):
            done = default_hooks.allreduce_hook(None, bucket)
            done.wait()
        return done

    # DDP wants these very annotations, not their texts.
    average.__annotations__ = {
        'bucket': GradBucket,
        'return': torch.futures.Future[Tensor],
    }
    model.register_comm_hook(None, average)
    return True
