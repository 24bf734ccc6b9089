"""Several files of predictions speak of the same samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..utils.shown import shown, shown_some
from .predictions import Predictions, PredictionsError

_HOW = (
    "meta_keys=('frame_dir',) of PackActionInputs in the test pipeline puts "
    'names into the file'
)


def align(files: Sequence[Predictions]) -> tuple[list[Predictions], list[str]]:
    """Bring all files into the order of the first that has names.

    Args:
        files: At least one.

    Returns:
        The files, sample by sample alike, and sentences about what was done
        or could not be checked.

    Raises:
        PredictionsError: If they have other classes, samples or labels.
    """
    notes: list[str] = []
    # Files with names must agree with each other, whatever has none.
    first = next((file for file in files if file.names is not None), files[0])
    for file in files:
        if file.scores.shape[1] != first.scores.shape[1]:
            raise PredictionsError(
                f'{file.path} has scores of {file.scores.shape[1]} classes, '
                f'{first.path} of {first.scores.shape[1]}. Fuse predictions '
                f'of one data set.'
            )
    nameless = [file.path for file in files if file.names is None]
    if nameless and len(files) > 1:
        notes.append(
            f'{", ".join(nameless)}: no names of samples, so that only number '
            f'and labels were compared; {_HOW}.'
        )
    aligned = []
    for file in files:
        if first.names is None or file.names is None:
            _same_number(first, file)
        elif file.names != first.names:
            file = _joined(first, file)
            notes.append(
                f'{file.path} has another order than {first.path}; joined by '
                f'name.'
            )
        _same_labels(first, file)
        aligned.append(file)
    return aligned, notes


def common_samples(one: Predictions, other: Predictions) -> int:
    """How many samples are in both, as far as can be told.

    Args:
        one: Predictions.
        other: Predictions of the same stream.

    Returns:
        The number of common names; without names all or nothing, after what
        the files hold.
    """
    if one.names is not None and other.names is not None:
        return len(set(one.names) & set(other.names))
    same = np.array_equal(one.labels, other.labels)
    return len(one.labels) if same else 0


def _joined(first: Predictions, file: Predictions) -> Predictions:
    places = {name: index for index, name in enumerate(file.names)}
    lacking = [name for name in first.names if name not in places]
    wanted = set(first.names)
    surplus = [name for name in file.names if name not in wanted]
    for names, owner, without in (
        (lacking, first.path, file.path),
        (surplus, file.path, first.path),
    ):
        if names:
            raise PredictionsError(
                f'{len(names)} samples of {owner} are not in {without}: '
                f'{shown_some(names)}. Test both on the same split.'
            )
    return file.take(np.array([places[name] for name in first.names]))


def _same_number(first: Predictions, file: Predictions) -> None:
    if len(file.labels) != len(first.labels):
        raise PredictionsError(
            f'{file.path} has {len(file.labels)} samples, {first.path} has '
            f'{len(first.labels)}, and without names they cannot be joined. '
            f'Test both on the same split; {_HOW}.'
        )


def _same_labels(first: Predictions, file: Predictions) -> None:
    wrong = np.flatnonzero(file.labels != first.labels)
    if not len(wrong):
        return
    index = wrong[0]
    named = first.names is not None and file.names is not None
    who = shown(first.names[index]) if named else f'sample {index}'
    raise PredictionsError(
        f'{len(wrong)} of {len(file.labels)} labels differ between '
        f'{first.path} and {file.path}: {who} has {first.labels[index]} in '
        f'the one and {file.labels[index]} in the other. '
        + (
            'Test both with the same annotation file.'
            if named
            else f'The order of the samples may differ; {_HOW}.'
        )
    )
