"""Files of predictions, read as data only."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..datasets.naming import NAME_KEYS
from ..utils.safe_pickle import safe_load
from ..utils.shown import shown
from .predictions import Predictions, PredictionsError, checked


def load_predictions(
    path: str | os.PathLike[str],
    annotated: tuple[tuple[str, ...], np.ndarray] | None = None,
) -> Predictions:
    """Read the predictions of one stream.

    Args:
        path: What a test run writes with ``--dump`` (a pickle of a list of
            dicts with ``pred_score`` and ``gt_label``), a pickle of a list
            of scores alone, or an ``.npz`` file with ``scores`` ``(N, C)``,
            ``labels`` ``(N,)`` and, optionally, ``names`` ``(N,)``.
        annotated: Names and labels for a list of scores alone, which has
            neither, in its order. Defaults to None.

    Raises:
        FileNotFoundError: If there is no such file.
        PredictionsError: If it has another form, or impossible values.
    """
    path = os.fspath(path)
    if path.endswith('.npz'):
        return checked(_from_npz(path))
    try:
        content = safe_load(path, tensors=True)
    except pickle.UnpicklingError as error:
        raise PredictionsError(str(error)) from error
    if not isinstance(content, (list, tuple)) or not content:
        raise PredictionsError(
            f'{path} holds {shown(content)} instead of a list of predictions. '
            f'Write it with the --dump option of the test command.'
        )
    if isinstance(content[0], Mapping):
        return checked(_from_samples(content, path))
    return checked(_from_scores(content, annotated, path))


def _from_samples(content: list, path: str) -> Predictions:
    scores, labels, names, clips, tta = [], [], [], [], []
    for index, sample in enumerate(content):
        where = f'{path}: prediction {index}'
        if not isinstance(sample, Mapping) or 'pred_score' not in sample:
            raise PredictionsError(
                f'{where} has no pred_score. Write the file with the --dump '
                f'option of the test command.'
            )
        scores.append(_vector(sample['pred_score'], where))
        labels.append(_label(sample.get('gt_label'), where))
        name = next((sample[key] for key in NAME_KEYS if key in sample), None)
        names.append(name if name is None else str(name))
        clips.append(sample.get('test_clips'))
        tta.append(sample.get('test_tta'))
    return Predictions(
        path,
        _stack(scores, path),
        np.array(labels),
        None if None in names else tuple(names),
        _told_by_all(clips, int),
        _told_by_all(tta, bool),
    )


def _told_by_all(values: list, kind: type) -> Any:
    """What all samples say, if it is of this type; else None."""
    first = values[0]
    same = all(type(value) is kind and value == first for value in values)
    return first if same else None


def _from_scores(
    content: list,
    annotated: tuple[tuple[str, ...], np.ndarray] | None,
    path: str,
) -> Predictions:
    scores = [
        _vector(score, f'{path}: prediction {index}')
        for index, score in enumerate(content)
    ]
    if annotated is None:
        raise PredictionsError(
            f'{path} has scores, but neither labels nor names. Tell the '
            f'annotation file and the split that were tested (--ann-file, '
            f'--split).'
        )
    names, labels = annotated
    if len(names) != len(scores):
        raise PredictionsError(
            f'{path} has scores of {len(scores)} samples, the annotated '
            f'split has {len(names)}. Name the split that was tested.'
        )
    return Predictions(path, _stack(scores, path), labels, names)


def _from_npz(path: str) -> Predictions:
    if not os.path.isfile(path):
        raise FileNotFoundError(f'There is no file {path!r}.')
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise PredictionsError(
            f'{path} cannot be read: {error}. Write it with numpy.savez from '
            f'numbers and strings.'
        ) from error
    scores, labels = arrays.get('scores'), arrays.get('labels')
    names = arrays.get('names')
    fine = (
        scores is not None
        and labels is not None
        and scores.ndim == 2
        and scores.dtype.kind in 'fiu'
        and labels.shape == scores.shape[:1]
        and labels.dtype.kind in 'iu'
        and (names is None or names.shape == labels.shape)
    )
    if not fine:
        shapes = {key: value.shape for key, value in arrays.items()}
        raise PredictionsError(
            f'{path} has {shapes or "nothing"}; expected scores (N, C), whole '
            f'numbers as labels (N,) and, optionally, names (N,).'
        )
    if names is not None:
        names = tuple(map(str, names.tolist()))
    return Predictions(
        path, scores.astype(np.float64), labels.astype(np.int64), names
    )


def _vector(score: Any, where: str) -> np.ndarray:
    try:
        vector = np.asarray(score, np.float64)
    except (TypeError, ValueError):
        vector = None
    if vector is None or vector.ndim != 1 or not vector.size:
        shape = shown(score) if vector is None else f'shape {vector.shape}'
        raise PredictionsError(
            f'{where} has a score of {shape}; expected one number per class. '
            f'Scores per clip come from average_clips=None of the cls_head; '
            f"set it to 'prob'."
        )
    return vector


def _label(label: Any, where: str) -> int:
    array = np.asarray(label)
    if array.size != 1 or array.dtype.kind not in 'iu':
        raise PredictionsError(
            f'{where} has {shown(label)} as gt_label; expected one whole '
            f'number. Several labels per sample are not supported.'
        )
    return int(array.reshape(()))


def _stack(scores: list[np.ndarray], path: str) -> np.ndarray:
    sizes = {len(score) for score in scores}
    if len(sizes) > 1:
        raise PredictionsError(
            f'{path} has scores of {min(sizes)} to {max(sizes)} classes; test '
            f'all samples with one model.'
        )
    return np.stack(scores)
