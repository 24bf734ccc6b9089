"""Batches that wait until all ranks exchange them."""

from __future__ import annotations

from aclnet_plugin.utils.checks import check_whole
from aclnet_plugin.utils.dist import GatheredBatch, gather_steps


class PendingBatches:
    """A rank's batches of the last steps, at most ``interval`` of them.

    They differ between ranks and are in no buffer: they are gathered before
    a checkpoint is written, so that none ever waits in it. Their number is
    counted on the host and is the same on all ranks, so that all of them
    come to the collective together.

    Args:
        interval: Training steps from one gather to the next.

    Raises:
        ValueError: If ``interval`` is not an integer of at least 1.
    """

    def __init__(self, interval: int) -> None:
        self.interval = check_whole('gather_interval, in steps,', interval, 1)
        self._steps: list[GatheredBatch] = []

    def __len__(self) -> int:
        """Samples of this rank that wait."""
        return sum(len(step.labels) for step in self._steps)

    @property
    def complete(self) -> bool:
        """Whether all steps of an interval are here."""
        return len(self._steps) >= self.interval

    def add(self, batch: GatheredBatch) -> None:
        """Keep a batch, without its graph.

        Args:
            batch: This rank's batch of one step.
        """
        self._steps.append(GatheredBatch(*(t.detach() for t in batch)))

    def gather(self) -> list[GatheredBatch]:
        """Exchange what waits with all ranks; afterwards nothing does.

        Returns:
            The joined batches in the order of the steps. Without a pending
            batch it is empty, and nothing is sent.
        """
        steps, self._steps = self._steps, []
        return gather_steps(steps) if steps else []

    def clear(self) -> None:
        """Forget what waits."""
        self._steps = []
