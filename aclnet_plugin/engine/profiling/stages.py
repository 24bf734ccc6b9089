"""The order in which everything is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch.utils.data import DataLoader

from .building import Training
from .checks import ProfileError
from .findings import Findings
from .measuring import (
    ComputeRate,
    after_out_of_memory,
    make_batch,
    measure_compute,
    measure_loader,
    measure_peak,
    measure_steps,
    steps_of_epoch,
)
from .memory import available_memory, is_out_of_memory, peak_memory


class Stages:
    """Fills in findings, so that an interruption leaves what is there.

    Args:
        training: What is measured.
        findings: Is filled in.
        track: Like ``rich.progress.track``: iterates with a progress bar.
    """

    def __init__(
        self,
        training: Training,
        findings: Findings,
        track: Callable[..., Iterable],
    ) -> None:
        self.training = training
        self.trainee = training.trainee
        self.findings = findings
        self.track = track

    def run(
        self,
        sizes: Sequence[int],
        workers: Sequence[int],
        steps: int,
        warmup: int,
    ) -> None:
        """Measure everything.

        Args:
            sizes: Batch sizes, ascending.
            workers: Numbers of workers.
            steps: Steps or batches that count.
            warmup: Steps or batches before, which do not.

        Raises:
            ProfileError: If not even the smallest batch fits into memory.
        """
        self.tell_of_large(sizes)
        # First, and in ascending order: the peak of a process never falls.
        self.compute(sizes, steps, warmup)
        self.choose_batch()
        self.steps(steps, warmup)
        for number in self.track(list(workers), description='loader alone'):
            rate = measure_loader(self._loader(number), steps, warmup)
            self.findings.loader[number] = rate

    def tell_of_large(self, sizes: Sequence[int]) -> None:
        """Note which batches are larger than the data."""
        setting, notes = self.findings.setting, self.findings.notes
        most = setting.most
        if most is None:
            return
        if setting.batch_size > most:
            notes.append(
                f'A batch of {setting.batch_size} is more than the {most} '
                f'samples of a process: an epoch is one step, of {most}.'
            )
        if max(sizes) > most:
            notes.append(
                f'Compute alone of more than {most} samples repeats some, '
                'and is left out of the advice.'
            )

    def compute(self, sizes: Sequence[int], steps: int, warmup: int) -> None:
        """Memory, then time of steps at several batch sizes."""
        start = peak_memory(self.trainee.device)
        peaks: dict[int, int] = {}
        batches: dict[int, Any] = {}
        for size in self.track(list(sizes), description='memory'):
            reason = self._why_not(size, peaks, start)
            if not reason:
                batches[size] = make_batch(self.training.loader(), size)
                try:
                    peaks[size] = measure_peak(
                        self.trainee, batches[size], warmup
                    )
                except (RuntimeError, MemoryError) as error:
                    if not is_out_of_memory(error):
                        raise
                    reason = 'memory ran out'
            if reason:
                batches.pop(size, None)
                after_out_of_memory(self.trainee)
                left = ', '.join(str(s) for s in sizes if s >= size)
                self.findings.notes.append(
                    f'Left out, batch size {left}: {reason}.'
                )
                break
        if not peaks:
            raise ProfileError(
                f'not even a batch of {sizes[0]} fits into memory; give '
                'smaller ones with --batch-size'
            )
        for seconds in measure_compute(
            self.trainee, batches, self._shown(steps, 'compute alone')
        ):
            self.findings.compute = [
                ComputeRate(size, seconds[size], peak, peak - start)
                for size, peak in peaks.items()
            ]

    def _shown(self, steps: int, description: str) -> Iterable[int]:
        """Turns of steps, with a progress bar."""
        return self.track(turns_of(steps), description=description)

    def _why_not(
        self, size: int, peaks: dict[int, int], start: int
    ) -> str | None:
        """Why a batch cannot be dared, from what the last one took.

        A system that runs out of memory ends processes without a word.
        """
        free = available_memory()
        if self.trainee.device != 'cpu' or free is None or not peaks:
            return None
        last, peak = list(peaks.items())[-1]
        needed = (peak - start) * (size / last - 1)
        if needed <= free:
            return None
        return (
            f'it would take {needed / 2**30:.1f} GiB more, and '
            f'{free / 2**30:.1f} GiB are free'
        )

    def choose_batch(self) -> None:
        """Profile the batch of the config, or the largest that fits."""
        findings = self.findings
        largest = findings.compute[-1].batch_size
        if largest < findings.batch_size:
            findings.notes.append(
                f'The batch of the config, {findings.batch_size}, '
                f'does not fit; the step is that of {largest}.'
            )
            findings.batch_size = largest

    def steps(self, steps: int, warmup: int) -> None:
        """Steps with their loader, between steps without."""
        loader, size = self._loader(), self.findings.batch_size
        batch = make_batch(loader, size)
        self.findings.epoch_steps = steps_of_epoch(
            loader, self.findings.setting.world_size
        )

        def without_loader() -> None:
            half = turns_of(-(-steps // 2))
            *_, taken = measure_compute(self.trainee, {size: batch}, half)
            self.findings.around.append(taken[size])

        without_loader()
        for mean in measure_steps(
            self.trainee,
            loader,
            self._shown(steps, 'steps'),
            warmup,
            self.findings.timeline,
        ):
            self.findings.step_seconds = mean
        without_loader()

    def _loader(self, num_workers: int | None = None) -> DataLoader:
        """A loader of the batch that is profiled."""
        findings = self.findings
        size: int | None = findings.batch_size
        if size == findings.setting.batch_size:
            size = None  # which also fits a batch sampler of another kind
        return self.training.loader(size, num_workers)


def turns_of(steps: int, most: int = 5) -> list[int]:
    """Divide steps into turns.

    Args:
        steps: How many there are.
        most: How many turns at most.

    Returns:
        Steps of each turn, as equal as can be.
    """
    turns = min(steps, most)
    return [(steps + index) // turns for index in range(turns)]
