"""What a conversion of a folder has found, in lines to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...plausibility import image_problem, unit_problem
from .convert import Collected


def summarize(found: Collected, classes: Sequence[str]) -> list[str]:
    """Lines about the result, with what should be looked at."""
    samples = found.samples
    joints, dims = samples[0]['keypoint'].shape[2:]
    axes = 'x, y, z'[: 3 * dims - 2]
    axes += ' and a score' * ('keypoint_score' in samples[0])
    frames = [sample['total_frames'] for sample in samples]
    persons = [len(sample['keypoint']) for sample in samples]
    counts = Counter(sample['label'] for sample in samples)
    lines = [
        f'{joints} joints with {axes}; {min(frames)} to {max(frames)} frames; '
        f'at most {max(persons)} person{"s" * (max(persons) > 1)}'
    ]
    if found.joints:
        named = ', '.join(f'{v} {name}' for v, name in enumerate(found.joints))
        lines.append(f'joints: {named}')
    lines.append(f'{len(classes)} classes, sequences of each:')
    lines += [
        f'  {label} {name}: {counts[label]}'
        for label, name in enumerate(classes)
    ]
    lines += [f'detected in {n} files: {x}' for x, n in found.notes.items()]
    if found.missing:
        lines.append(f'{found.missing:,} missing joints were set to 0')
    blank = [s['frame_dir'] for s in samples if not s['keypoint'].any()]
    if blank:
        lines.append(
            f'WARNING: all coordinates are 0 in {len(blank)} files, such as '
            f'{blank[0]}; take them out.'
        )
    if dims == 2:
        problem = image_problem(samples)
        mend = 'Pass --image-size HEIGHT WIDTH as it is.'
    else:
        problem = unit_problem([sample['keypoint'] for sample in samples])
        mend = 'Pass --scale 0.001 for millimetres, 0.01 for centimetres.'
    return [*lines, f'WARNING: {problem}. {mend}'] if problem else lines
