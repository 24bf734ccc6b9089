"""Sequences of annotation pickles and stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import partial

from ....datasets.annotation_file import take_annotations, take_classes
from ....datasets.naming import sample_name
from ....datasets.splits import take_split
from ....datasets.store import SkeletonStore
from ....utils.safe_pickle import safe_load
from ....utils.shown import shown
from ..errors import InferenceError
from .arrays import from_annotation
from .options import InputOptions
from .sequence import SkeletonSequence, Source


def annotation_sources(path: str, options: InputOptions) -> list[Source]:
    """The sequences of an annotation pickle.

    Args:
        path: The file; read as data only.
        options: See :class:`InputOptions`.

    Raises:
        ValueError: If it is no annotation file, or lacks split or names.
    """
    content = safe_load(path)
    samples = take_annotations(content, path)
    classes = tuple(take_classes(content, path))
    places: Iterable[int] = range(len(samples))
    if options.split is not None:
        places = take_split(content, samples, options.split, path).places
    named = ((place, sample_name(samples[place])) for place in places)

    def load(place: int) -> SkeletonSequence:
        return from_annotation(samples[place], path, place, options, classes)

    return [
        Source(name, partial(load, place))
        for place, name in _wanted(named, path, options)
    ]


def store_sources(path: str, options: InputOptions) -> list[Source]:
    """The sequences of a store; they are read when their turn comes.

    Args:
        path: The folder.
        options: See :class:`InputOptions`.

    Raises:
        ValueError: If it is no store, or lacks split or names.
    """
    store = SkeletonStore(path)
    classes = tuple(store.classes)

    def load(place: int) -> SkeletonSequence:
        sample = store.read(place)
        return from_annotation(sample, path, place, options, classes)

    named = (
        (int(place), sample_name(store.head(int(place))))
        for place in store.places(options.split)
    )
    return [
        Source(name, partial(load, place))
        for place, name in _wanted(named, path, options)
    ]


def _wanted(
    named: Iterable[tuple[int, str]], path: str, options: InputOptions
) -> Iterator[tuple[int, str]]:
    """Places and names that were asked for."""
    if options.names is None:
        yield from named
        return
    places = {name: place for place, name in named}
    for name in options.names:
        if name not in places:
            near = get_close_matches(name, places, 3, 0.5)
            near = near or list(places)[:3]
            raise InferenceError(
                f'{path} has no sequence {shown(name)}'
                f'{f" in split {options.split!r}" * bool(options.split)}. '
                f'Names in it are written like {", ".join(near) or "-"}.'
            )
        yield places[name], name
