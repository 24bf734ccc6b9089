"""Synthetic walks of many persons for tests, demonstrations and debugging.

They have the form of CASIA-B: persons walk in three conditions, each walk is
filmed from several directions at once, and persons differ a little more in
how they walk than the walks of one person do.

How hard it is: by the protocol of CASIA-B (40 persons, 16 of them for
testing, seed 0, 60 frames from the middle), where chance is 6 %, the nearest
neighbour by plain coordinates is the right person for 12 %, and for 20 % if
the body is centred in each frame. Linear discriminants of spectra, means and
distances of joints, learnt from the training persons, come to 96 % for
normal walks, 90 % with a bag and 82 % in a coat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .walk_camera import Camera, Walk
from .walking import CONDITIONS, draw_person, draw_walk

VIEWS = tuple(range(0, 181, 18))
_LAYOUTS = ('coco', 'openpose14')

Track = Callable[[Iterable[int]], Iterable[int]]


def generate_synthetic_gait(
    num_subjects: int = 20,
    views: Sequence[int] = VIEWS,
    walks: Sequence[int] = (6, 2, 2),
    layout: str = 'coco',
    num_frames: tuple[int, int] = (70, 100),
    noise: float = 0.02,
    seed: int = 0,
    track: Track = iter,
) -> dict[str, Any]:
    """Generate an annotation dict of walks.

    A person is the same whatever the number of persons, views and walks.

    Args:
        num_subjects: Number of persons, 4 to 999.
        views: Directions in degrees, 0 to 180; at 0 the person comes
            towards the camera, at 90 walks to the right of the image.
        walks: Walks of each person that are normal, with a bag, and in a
            coat. Defaults to those of CASIA-B.
        layout: ``'coco'``: 17 joints in pixels with a score; or
            ``'openpose14'``: 14 joints in metres from the camera, x to the
            right, y up, z away.
        num_frames: Shortest and longest sequence, inclusive.
        noise: Standard deviation of the measured coordinates in metres;
            1 pixel is 0.02. More in a coat, and on the far side.
        seed: The same seed and settings give the same data.
        track: Goes through the persons and shows the progress.

    Returns:
        ``annotations``: samples with ``frame_dir`` (``001-nm-01-090`` for
        person 1, the first normal walk, 90 degrees), ``label`` (person less
        one), ``total_frames``, ``keypoint`` ``(1, T, V, C)`` float32,
        ``subject``, ``condition``, ``seq``, ``view``; for 2D
        ``keypoint_score``, ``img_shape``, ``original_shape``.
        ``split``: persons shared out as in CASIA-B, ``train`` / ``test``
        74 to 50, ``train_sub`` / ``val`` (parts of ``train``) 59 to 15,
        ``reid_train`` / ``reid_test`` 62 to 62. ``classes``: persons.

    Raises:
        ValueError: If an argument is out of range.
    """
    _check(num_subjects, views, walks, layout, num_frames, noise, seed)
    camera = Camera(layout, tuple(num_frames), noise)
    annotations = []
    for subject in track(range(1, num_subjects + 1)):
        for walk in _walks_of(subject, walks, seed):
            for view in views:
                place = CONDITIONS.index(walk.condition)
                key = seed, subject, place, walk.seq, view
                annotations.append(
                    dict(
                        frame_dir=f'{subject:03d}-{walk.condition}-'
                        f'{walk.seq:02d}-{view:03d}',
                        label=subject - 1,
                        **camera.film(walk, view, np.random.default_rng(key)),
                        subject=subject,
                        condition=walk.condition,
                        seq=walk.seq,
                        view=view,
                    )
                )
    return dict(
        split=_make_splits(annotations, num_subjects),
        annotations=annotations,
        classes=[f'{subject:03d}' for subject in range(1, num_subjects + 1)],
    )


def _walks_of(
    subject: int, counts: Sequence[int], seed: int
) -> Iterator[Walk]:
    """The walks of a person, which all cameras see."""
    person = draw_person(np.random.default_rng((seed, subject)))
    for place, (condition, count) in enumerate(
        zip(CONDITIONS, counts, strict=True)
    ):
        for seq in range(1, count + 1):
            rng = np.random.default_rng((seed, subject, place, seq))
            numbers = draw_walk(person, condition, rng)
            yield Walk(condition, seq, numbers, rng.uniform(0, 2 * np.pi))


def _make_splits(
    annotations: Sequence[dict[str, Any]], num_subjects: int
) -> dict[str, list[str]]:
    """Shares of the persons as in CASIA-B, where there are 124."""
    last, sub, half = (
        round(num_subjects * share / 124) for share in (74, 59, 62)
    )
    ranges = dict(
        train=(1, last),
        test=(last + 1, num_subjects),
        # With few persons, one is left for the validation all the same.
        train_sub=(1, min(sub, last - 1)),
        val=(min(sub, last - 1) + 1, last),
        reid_train=(1, half),
        reid_test=(half + 1, num_subjects),
    )
    return {
        split: [
            one['frame_dir']
            for one in annotations
            if first <= one['subject'] <= end
        ]
        for split, (first, end) in ranges.items()
    }


def _check(
    num_subjects: int,
    views: Sequence[int],
    walks: Sequence[int],
    layout: str,
    num_frames: Sequence[int],
    noise: float,
    seed: int,
) -> None:
    shortest, longest = num_frames
    problems = {
        'num_subjects must be 4 to 999': not 4 <= num_subjects <= 999,
        'views must be different integers from 0 to 180': (
            not views
            or len(set(views)) < len(views)
            or not set(views) <= set(range(181))
        ),
        'walks must be three numbers from 0 to 99, not all 0': (
            len(walks) != len(CONDITIONS)
            or not any(walks)
            or not all(0 <= count <= 99 for count in walks)
        ),
        f'layout must be one of {", ".join(_LAYOUTS)}': (
            layout not in _LAYOUTS
        ),
        'num_frames must be shortest and longest, from 1 to 150': (
            not 1 <= shortest <= longest <= 150
        ),
        'noise must be 0 to 1 metre': not 0 <= noise <= 1,
        'seed must be 0 or more': seed < 0,
    }
    values = dict(
        num_subjects=num_subjects,
        views=tuple(views),
        walks=tuple(walks),
        layout=layout,
        num_frames=tuple(num_frames),
        noise=noise,
        seed=seed,
    )
    for rule, broken in problems.items():
        if broken:
            raise ValueError(f'{rule}, got {values[rule.split()[0]]!r}.')
