"""Cut sequences into windows of one length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...annotation_file import take_annotations
from ...checks import check_sample
from ...naming import sample_name
from ..outcomes import BadFile
from .window_plan import find_members, find_strides

PER_FRAME = dict(keypoint=1, keypoint_score=1, frame_ids=0)
"""Arrays of which a window has a part, and their axis of frames."""

Reduce = Callable[[Mapping[str, Any], str], dict[str, Any]]
"""Makes another sample of one; gets the name of the file for messages."""


@dataclass
class Cutting:
    """What was cut, and what not.

    Args:
        problems: A sentence for each sequence that was skipped.
        short: Sequences that have fewer frames than a window.
        rest: Frames that are in no window.
        sequences: How many have been cut.
        unlisted: Sequences in none of the splits that are cut.
        warnings: What splits name in vain or twice.
    """

    problems: list[str] = field(default_factory=list)
    short: int = 0
    rest: int = 0
    sequences: int = 0
    unlisted: int = 0
    warnings: list[str] = field(default_factory=list)


def cut_sequence(
    sample: Mapping[str, Any], length: int, stride: int
) -> list[dict[str, Any]]:
    """The windows of a sequence, from its first frame on.

    Args:
        sample: Annotation with ``keypoint`` ``(M, T, V, C)``.
        length: Frames of a window.
        stride: Frames from the start of one to the start of the next.

    Returns:
        Annotations named ``<frame_dir>-w00`` and so on, with ``window``,
        their number. What is left at the end is in none of them.
    """
    rest = {k: v for k, v in sample.items() if k != 'filename'}
    name = sample_name(sample)
    frames = sample['keypoint'].shape[1]
    windows = []
    for number, start in enumerate(range(0, frames - length + 1, stride)):
        part = slice(start, start + length)
        windows.append(
            dict(
                rest,
                frame_dir=f'{name}-w{number:02d}',
                total_frames=length,
                window=number,
                **{
                    key: sample[key][(slice(None),) * axis + (part,)]
                    for key, axis in PER_FRAME.items()
                    if key in sample
                },
            )
        )
    return windows


def cut_content(
    content: Any,
    origin: str,
    length: int = 40,
    stride: int | None = None,
    split_strides: Mapping[str, int] | None = None,
    splits: Sequence[str] | None = None,
    reduce: Reduce | None = None,
    on_error: str = 'stop',
    track: Callable[[Iterable], Iterable] = iter,
) -> tuple[dict[str, Any], Cutting]:
    """Cut the sequences of an annotation file.

    Args:
        content: What the file holds.
        origin: Its name, for messages.
        length: Frames of a window. Defaults to 40.
        stride: Frames from the start of a window to the start of the next.
            Defaults to the length.
        split_strides: The same for single splits, by their name. Defaults to
            ``None``, none.
        splits: What to cut; other sequences and splits are left out.
            Defaults to all splits, or to all sequences if there are none.
        reduce: Changes a sequence before it is cut. Defaults to ``None``.
        on_error: ``'stop'`` at a sequence that cannot be cut or ``'skip'``.
        track: Shows the progress.

    Returns:
        The annotation dict of the windows, and what happened besides.

    Raises:
        BadFile: At such a sequence, unless it is skipped.
        ValueError: If a flag or a split is wrong, or there is no window.
    """
    samples = take_annotations(content, origin)
    stride = length if stride is None else stride
    split_strides = split_strides or {}
    for value in (length, stride, *split_strides.values()):
        if value < 1:
            raise ValueError(f'length and stride must be positive: {value}.')
    members, warnings = find_members(content, samples, splits, origin)
    stride_of = find_strides(samples, members, stride, split_strides, origin)
    cutting = Cutting(
        warnings=warnings, unlisted=len(samples) - len(stride_of)
    )
    windows: dict[int, list[dict[str, Any]]] = {}
    for place in track(sorted(stride_of)):
        sample, step = samples[place], stride_of[place]
        try:
            _check(sample, origin, place)
            if reduce is not None:
                sample = reduce(sample, origin)
        except ValueError as error:
            if on_error == 'stop':
                raise BadFile(str(error)) from None
            cutting.problems.append(str(error))
            continue
        windows[place] = cut_sequence(sample, length, step)
        _note(cutting, sample, windows[place], step)
    cut = [window for part in windows.values() for window in part]
    if not cut:
        raise ValueError(
            f'{origin}: no sequence has the {length} frames of a window.'
        )
    head = content if isinstance(content, Mapping) else {}
    result = {**head, 'annotations': cut}
    if members:
        result['split'] = {
            split: [
                window['frame_dir']
                for place in places
                for window in windows.get(place, ())
            ]
            for split, places in members.items()
        }
    return result, cutting


def _check(sample: Mapping[str, Any], origin: str, place: int) -> None:
    """Raise ``ValueError`` unless a sequence can be cut."""
    check_sample(sample, origin, place)
    where = f'{origin}: sample {sample_name(sample)!r} (number {place})'
    keypoint = sample['keypoint']
    if keypoint.ndim != 4:
        raise ValueError(
            f'{where} is a list of single skeletons, not a sequence.'
        )
    if 'window' in sample:
        raise ValueError(
            f'{where} is a window already; cut the file of whole sequences.'
        )
    ids = sample.get('frame_ids')
    if ids is not None and getattr(ids, 'shape', None) != keypoint.shape[1:2]:
        raise ValueError(
            f'{where} has frame_ids that are not an array of one number for '
            f'each of its {keypoint.shape[1]} frames.'
        )


def _note(
    cutting: Cutting,
    sample: Mapping[str, Any],
    windows: Sequence[Mapping[str, Any]],
    stride: int,
) -> None:
    frames = sample['keypoint'].shape[1]
    if not windows:
        cutting.short += 1
        cutting.rest += frames
        return
    length = windows[0]['total_frames']
    cutting.sequences += 1
    # Windows may overlap, or leave frames between them.
    inner = (len(windows) - 1) * min(stride, length)
    cutting.rest += frames - inner - length
