"""What ranks pay for talking to each other, on paper.

Microseconds throughout; a rank is one GPU, a node holds eight. Collectives
follow NCCL's own cost model: a base latency, one latency per hop, and bytes
over the bus bandwidth, which is that of the slowest link on the way. A ring
through all GPUs crosses the border of a node once, so that this link is all
adapters of the node together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

NODE = 8
"""GPUs of a node."""
BASE_US = 14.0
"""Start of a collective: NCCL's tuning table, ring or tree, LL128."""
NVLINK_HOP_US = 1.9
"""From GPU to GPU in a node: the same table, ring, LL128."""
NVLINK_GB = 450.0
"""GB/s in one direction: data sheet of the H100 SXM, 900 GB/s in both."""
FIRST_BUCKET = 2**20
"""Bytes of DDP's first bucket, PyTorch's default."""


@dataclass(frozen=True)
class Fabric:
    """What connects the nodes.

    Attributes:
        node_gb: GB/s in one direction, all adapters of a node together.
        hop_us: From a node to the next.
    """

    node_gb: float
    hop_us: float


FABRICS = {
    # One adapter per GPU: 8 x 400 or 200 Gb/s. Hop: NCCL's table, LL128.
    'IB, 400 Gb/s a GPU': Fabric(8 * 50.0, 4.0),
    'IB, 200 Gb/s a GPU': Fabric(8 * 25.0, 4.0),
    # One adapter per node; a hop through TCP sockets is an assumption.
    '100 GbE a node': Fabric(12.5, 30.0),
    '25 GbE a node': Fabric(3.125, 30.0),
}


def row_bytes(inter_dim: int, intra_dim: int) -> int:
    """Bytes that a sample is sent with: float32, label and prediction."""
    return 4 * (inter_dim + intra_dim + 2)


def bus_bytes_per_us(gpus: int, fabric: Fabric, share: float) -> float:
    """Bandwidth of the slowest link that a ring crosses.

    Args:
        gpus: R.
        fabric: Between nodes; without a say within one.
        share: Of a link's nominal rate that data gets.
    """
    slowest = NVLINK_GB
    if gpus > NODE:
        slowest = min(slowest, fabric.node_gb)
    return 1e3 * slowest * share


def gather_us(gpus: int, sent: float, fabric: Fabric, share: float) -> float:
    """Ring all-gather: R - 1 hops, each with the bytes of one rank.

    Args:
        gpus: R.
        sent: Bytes that each rank contributes.
        fabric: Between nodes.
        share: See :func:`bus_bytes_per_us`.
    """
    outside = math.ceil(gpus / NODE) - 1
    hops = (gpus - 1 - outside) * NVLINK_HOP_US + outside * fabric.hop_us
    moved = (gpus - 1) * sent
    return BASE_US + hops + moved / bus_bytes_per_us(gpus, fabric, share)


def reduce_us(gpus: int, size: float, fabric: Fabric, share: float) -> float:
    """All-reduce: 2 (R - 1) / R of the bytes; hops up and down a tree.

    Args:
        gpus: R.
        size: Bytes of the gradients.
        fabric: Between nodes.
        share: See :func:`bus_bytes_per_us`.
    """
    inside = min(gpus, NODE) - 1
    levels = math.log2(math.ceil(gpus / NODE))
    hops = 2 * (inside * NVLINK_HOP_US + levels * fabric.hop_us)
    moved = 2 * (gpus - 1) / gpus * size
    return BASE_US + hops + moved / bus_bytes_per_us(gpus, fabric, share)


def buckets(size: float, cap: float) -> list[float]:
    """DDP's buckets in the order in which backward fills them, in bytes.

    Args:
        size: Bytes of all gradients.
        cap: ``bucket_cap_mb`` in bytes; the first bucket is smaller.
    """
    parts = [min(size, FIRST_BUCKET, cap)]
    while size - sum(parts) > 0:
        parts.append(min(cap, size - sum(parts)))
    return parts


@dataclass(frozen=True)
class Job:
    """A training whose step on one GPU is known.

    Attributes:
        step_us: Of one GPU with batch B, nothing exchanged.
        batch: B, samples per GPU.
        parameters: Number of weights.
        row: Bytes of a sample in the gather, see :func:`row_bytes`.
        joined: By number of rows, what the loss of the joined batch costs
            beyond that of B rows, as share of the step (gather in each step).
        taken_in: The same for taking rows into the state (n > 1).
        share: Of a link's nominal rate that data gets.
        bucket: ``bucket_cap_mb`` in bytes.
        backward: Share of the step in which buckets can travel.
    """

    step_us: float
    batch: int
    parameters: int
    row: int
    joined: Mapping[int, float]
    taken_in: Mapping[int, float]
    share: float = 0.8
    bucket: float = 25 * 2**20
    backward: float = 2 / 3

    def gradients_us(self, gpus: int, fabric: Fabric) -> float:
        """Exposed time of the gradients.

        Backward covers all buckets but the last, which is full only when
        backward is over.
        """
        *covered, last = (
            reduce_us(gpus, size, fabric, self.share)
            for size in buckets(4 * self.parameters, self.bucket)
        )
        late = sum(covered) - self.backward * self.step_us
        return last + max(late, 0.0)

    def gather_us(self, gpus: int, fabric: Fabric, interval: int) -> float:
        """Time of the gather per step, none of it covered."""
        sent = interval * self.batch * self.row
        return gather_us(gpus, sent, fabric, self.share) / interval

    def arithmetic_us(self, gpus: int, interval: int) -> float:
        """Time per step for what the batches of other ranks cause."""
        costs = self.joined if interval == 1 else self.taken_in
        rows = sorted(costs)
        shares = [costs[r] for r in rows]
        beyond = gpus * self.batch / rows[-1]
        share = np.interp(gpus * self.batch, rows, shares) * max(beyond, 1)
        return self.step_us * float(share)

    def efficiency(self, gpus: int, fabric: Fabric, interval: int) -> float:
        """Samples per second and GPU, as share of those of one GPU."""
        extra = (
            self.gradients_us(gpus, fabric)
            + self.gather_us(gpus, fabric, interval)
            + self.arithmetic_us(gpus, interval)
        )
        return self.step_us / (self.step_us + extra)

    def smallest_interval(
        self, gpus: int, fabric: Fabric, goal: float, limit: int = 64
    ) -> int | None:
        """Smallest n that reaches an efficiency; None if none up to limit."""
        for interval in range(1, limit + 1):
            if self.efficiency(gpus, fabric, interval) >= goal:
                return interval
        return None
