"""Convert the skeleton files of NTU RGB+D 60 or 120 to annotations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ..outcomes import BadFile, LeftOut
from ..running import Conversion, convert_all
from .persons import arrange_persons
from .protocol import (
    CLASSES,
    MISSING,
    belongs_to,
    make_splits,
    parse_name,
)
from .skeleton_file import parse_skeleton
from .sources import RawFile, find_files

PART_SIZE = 1000
"""Files after which an interrupted conversion goes on."""


def convert_file(
    file: RawFile, benchmark: int, dtype: str
) -> list[dict[str, Any]]:
    """Convert one file.

    Args:
        file: Its name has the form ``S001C001P001R001A001``.
        benchmark: 60 or 120.
        dtype: Of the coordinates.

    Returns:
        One sample with ``keypoint`` ``(M, T, 25, 3)``, M is 1 or 2.

    Raises:
        BadFile: If it is damaged or shows nobody.
        LeftOut: If it is not part of the benchmark, or its skeleton is known
            to be missing.
    """
    name = parse_name(file.name)
    if not belongs_to(name, benchmark):
        raise LeftOut(f'not an action of NTU RGB+D {benchmark}')
    if file.name in MISSING:
        raise LeftOut('on the published list of missing skeletons')
    bodies = parse_skeleton(file.read(), str(file))
    try:
        keypoint = arrange_persons(bodies)
    except ValueError as error:
        raise BadFile(
            f'{file}: {error}. It is not on the published list of missing '
            'skeletons, so unpack it again, or leave it out.'
        ) from error
    return [
        dict(
            frame_dir=file.name,
            label=name.action - 1,
            total_frames=keypoint.shape[1],
            keypoint=keypoint.astype(dtype, order='C'),
        )
    ]


def convert(
    sources: Iterable[Path],
    benchmark: int,
    dtype: str = 'float16',
    **options: Any,
) -> tuple[dict[str, Any], Conversion]:
    """Convert all files of folders and zip archives.

    Args:
        sources: Where the files are.
        benchmark: 60 or 120.
        dtype: Of the coordinates. Defaults to ``'float16'``, as in the
            public annotation files.
        **options: Of :func:`.running.convert_all`.

    Returns:
        The annotation dict, and what happened besides.

    Raises:
        BadFile: At the first damaged file, unless they are skipped.
        ValueError: If there is nothing to convert.
    """
    files, others = find_files(sources)
    done = convert_all(
        files,
        partial(convert_file, benchmark=benchmark, dtype=dtype),
        settings=f'NTU RGB+D {benchmark} {dtype}',
        part_size=PART_SIZE,
        **options,
    )
    done.problems += [
        f'{other}: the name is not like S001C001P001R001A001.'
        for other in others
    ]
    if not done.samples:
        raise ValueError(
            f'no usable sequence of NTU RGB+D {benchmark} among '
            f'{len(files)} files; check the folder and --benchmark.'
        )
    names = [sample['frame_dir'] for sample in done.samples]
    return dict(
        split=make_splits(names, benchmark),
        annotations=done.samples,
        classes=list(CLASSES[:benchmark]),
    ), done
