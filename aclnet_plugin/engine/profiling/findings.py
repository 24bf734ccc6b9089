"""Everything that was measured so far, and what follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .advice import (
    BatchAdvice,
    WorkerAdvice,
    advise_batch,
    advise_workers,
    overlap_of,
    say_batch,
    say_loader,
    say_workers,
)
from .measuring import ComputeRate
from .timeline import Timeline, shares_of


@dataclass(frozen=True)
class Setting:
    """What the config says.

    Attributes:
        config: Its file.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.
        machine: Hardware and versions, in one line.
        batch_size: Samples per step of one process.
        num_workers: Workers of its loader.
        persistent: Whether they outlive an epoch.
        prefetch: Batches each of them makes in advance, None for 2.
        samples: Samples of an epoch, of all processes.
        most: The largest batch that one process can fill, None for any.
        world_size: Number of processes.
        amp: Whether in mixed precision.
        affinity_states: Heads with contrastive losses.
        base_batch_size: Of ``auto_scale_lr``, if the config has it.
        lr: Learning rate, if there is one.
    """

    config: str
    device: str
    machine: str
    batch_size: int
    num_workers: int
    persistent: bool = False
    prefetch: int | None = None
    samples: int = 0
    most: int | None = None
    world_size: int = 1
    amp: bool = False
    affinity_states: int = 0
    base_batch_size: int | None = None
    lr: float | None = None

    @property
    def step_batch(self) -> int:
        """Samples that a step really has."""
        if self.most is None:
            return self.batch_size
        return min(self.batch_size, self.most)


@dataclass
class Findings:
    """Filled in while measuring; usable at any time.

    Attributes:
        setting: What the config says.
        compute: Rates of compute alone, by ascending batch size.
        loader: Samples per second of the loader alone, by number of workers.
        step_seconds: Mean time of a step, nothing inside measured.
        around: Times of steps on a batch that is there already, before and
            after those of ``step_seconds``.
        timeline: Steps with the time of their parts.
        notes: What was left out, and why.
        batch_size: Of the profiled steps, if not that of the config.
        epoch_steps: Steps of an epoch with that batch size.
    """

    setting: Setting
    compute: list[ComputeRate] = field(default_factory=list)
    loader: dict[int, float] = field(default_factory=dict)
    step_seconds: float | None = None
    around: list[float] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    notes: list[str] = field(default_factory=list)
    batch_size: int = 0
    epoch_steps: float | None = None

    def __post_init__(self) -> None:
        self.batch_size = self.batch_size or self.setting.step_batch

    @property
    def anything(self) -> bool:
        """Whether anything was measured yet."""
        return bool(self.compute or self.timeline.steps or self.loader)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each part in a step; empty before the first."""
        return shares_of(self.timeline.steps)

    @property
    def measured_seconds(self) -> float | None:
        """Mean time of a step whose parts were measured."""
        steps = self.timeline.steps
        if not steps:
            return None
        return sum(sum(step.values()) for step in steps) / len(steps)

    @property
    def overhead(self) -> float | None:
        """How much longer the measured steps took; 0.02 is 2 %."""
        if self.measured_seconds is None or not self.step_seconds:
            return None
        return self.measured_seconds / self.step_seconds - 1

    @property
    def compute_seconds(self) -> float | None:
        """Time of a step on a batch that is there already."""
        return sum(self.around) / len(self.around) if self.around else None

    @property
    def load_seconds(self) -> float | None:
        """Time in which the config's loader alone makes a batch."""
        rate = self.loader.get(self.setting.num_workers)
        return self.batch_size / rate if rate else None

    @property
    def overlap(self) -> float | None:
        """See :func:`~.advice.overlap_of`."""
        step, compute = self.step_seconds, self.compute_seconds
        load = self.load_seconds
        if step is None or compute is None or load is None:
            return None
        return overlap_of(step, compute, load)

    @property
    def epoch_seconds(self) -> float | None:
        """Time of the training steps of an epoch."""
        if not self.step_seconds or self.epoch_steps is None:
            return None
        return self.epoch_steps * self.step_seconds

    @property
    def batch_advice(self) -> BatchAdvice | None:
        """See :func:`~.advice.advise_batch`; no batch beyond the data."""
        most = self.setting.most
        if most is None:
            return advise_batch(self.compute)
        within = [rate for rate in self.compute if rate.batch_size <= most]
        advice = advise_batch(within)
        if advice is not None and advice.batch_size == most:
            advice = replace(advice, may_grow=False)
        return advice

    @property
    def worker_advice(self) -> WorkerAdvice | None:
        """See :func:`~.advice.advise_workers`; for the advised batch."""
        batch = self.batch_advice
        return advise_workers(self.loader, batch.rate) if batch else None

    @property
    def advice(self) -> list[str]:
        """All advice, in sentences."""
        setting, batch = self.setting, self.batch_advice
        if batch is None:
            return []
        said = say_batch(
            batch,
            setting.step_batch,
            setting.world_size,
            setting.base_batch_size,
            setting.lr,
        )
        workers = self.worker_advice
        if workers is not None:
            said.append(say_workers(workers, batch.rate))
            waiting = self.shares.get('data', 0.0)
            said += say_loader(
                workers, setting.persistent, setting.prefetch, waiting
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a JSON file."""
        return {
            'setting': asdict(self.setting),
            'batch_size': self.batch_size,
            'step_seconds': self.step_seconds,
            'measured_step_seconds': self.measured_seconds,
            'overhead_of_measuring': self.overhead,
            'compute_step_seconds': self.compute_seconds,
            'steps_per_epoch': self.epoch_steps,
            'epoch_seconds': self.epoch_seconds,
            'shares': self.shares,
            'steps': self.timeline.steps,
            'compute': [
                asdict(rate) | {'samples_per_second': rate.rate}
                for rate in self.compute
            ],
            'loader_samples_per_second': {
                str(workers): rate for workers, rate in self.loader.items()
            },
            'overlap': self.overlap,
            'advice': self.advice,
            'notes': self.notes,
        }
