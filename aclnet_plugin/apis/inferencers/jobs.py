"""From inputs to scores: what each step of an inference does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from .errors import OF_ONE_INPUT, told
from .fusing import fused_scores
from .inputs import Source
from .pieces import Piece, cut, take
from .results import Prediction, tracks_of
from .streams import Stream
from .windows import WindowPlan


@dataclass
class Task:
    """An input and what becomes of it.

    Args:
        source: The input.
        found: Filled in on the way.
        jobs: Its pieces, once they have scores.
    """

    source: Source
    found: Prediction
    jobs: list[Job] = field(default_factory=list)


@dataclass
class Job:
    """A piece of an input.

    Args:
        task: The input.
        piece: Which part of it.
        packed: For each stream what its pipeline made of it.
        scores: ``(C,)``, after the models ran.
        sample: ``ActionDataSample``, after the models ran.
    """

    task: Task
    piece: Piece
    packed: list[dict[str, Any]]
    scores: np.ndarray | None = None
    sample: Any = None


def prepare(
    tasks: Sequence[Task],
    streams: Sequence[Stream],
    batch_size: int,
    plan: WindowPlan,
    per_person: bool = False,
    keep: bool = False,
    more: Callable[[int], None] = lambda count: None,
) -> Iterator[list[Job]]:
    """Read inputs one by one, cut them and apply the pipelines.

    Args:
        tasks: The inputs.
        streams: The models.
        batch_size: Pieces at once.
        plan: How long sequences are cut.
        per_person: Whether persons are seen alone. Defaults to False.
        keep: Whether sequences are kept for pictures. Defaults to False.
        more: Told how many more pieces than inputs there are.

    Yields:
        Up to ``batch_size`` jobs; none for an input that failed.
    """
    waiting: list[Job] = []
    for task in tasks:
        try:
            sample = _open(task, streams[0])
            pieces = list(cut(sample, plan, per_person))
            more(len(pieces) - 1)
            for piece in pieces:
                part = take(sample, piece)
                packed = [stream.recipe.pack(part) for stream in streams]
                waiting.append(Job(task, piece, packed))
                if len(waiting) == batch_size:
                    yield waiting
                    waiting = []
            task.found.sequence = sample if keep else None
        except OF_ONE_INPUT as error:
            task.found.error = told(error)
            yield []
    if waiting:
        yield waiting


def _open(task: Task, stream: Stream) -> dict[str, Any]:
    """Read an input; returns its annotation."""
    sequence = task.source.load()
    sample = stream.recipe.unfold(sequence.sample)
    found = task.found
    found.name, found.truth = sequence.name, sequence.truth
    found.fps = sequence.fps
    found.persons, found.frames = sample['keypoint'].shape[:2]
    return sample


@torch.no_grad()
def run(
    jobs: list[Job], streams: Sequence[Stream], weights: Sequence[float]
) -> None:
    """Run the models and fuse their scores.

    Args:
        jobs: Changed in place, and added to their tasks.
        streams: The models.
        weights: One for each of them.
    """
    if not jobs:
        return
    try:
        _forward(jobs, streams, weights)
    except (RuntimeError, ValueError, AssertionError) as error:
        if len(jobs) == 1:
            jobs[0].task.found.error = f'the model failed: {told(error)}'
            return
        # One of them is at fault; the others shall not suffer.
        for job in jobs:
            run([job], streams, weights)
        return
    for job in jobs:
        job.packed = []
        job.task.jobs.append(job)
        if not np.isfinite(job.scores).all():
            job.task.found.error = (
                'the scores are not finite. Check the checkpoint, or whether '
                'its training has diverged.'
            )


def _forward(
    jobs: list[Job], streams: Sequence[Stream], weights: Sequence[float]
) -> None:
    outputs = [
        stream.model.test_step(
            pseudo_collate([job.packed[place] for job in jobs])
        )
        for place, stream in enumerate(streams)
    ]
    scores = [
        np.stack([sample.pred_score.cpu().numpy() for sample in samples])
        for samples in outputs
    ]
    fused = fused_scores(scores, weights)
    for job, row, sample in zip(jobs, fused, outputs[0], strict=True):
        job.scores = row
        if len(outputs) > 1:
            sample.set_pred_score(row)
            sample.set_pred_label(int(row.argmax()))
        sample.set_metainfo(job.piece._asdict())
        job.sample = sample


def finished(task: Task) -> Prediction:
    """Put the pieces of an input together.

    Args:
        task: After all of its jobs.
    """
    found, jobs = task.found, task.jobs
    if found.error is None:
        found.samples = [job.sample for job in jobs]
        found.tracks = tracks_of(
            [job.piece for job in jobs], [job.scores for job in jobs]
        )
    return found
