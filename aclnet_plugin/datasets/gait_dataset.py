"""Walks of many persons, for gait recognition and re-identification."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mmaction.registry import DATASETS
from mmengine.logging import print_log

from ..utils.shown import shown
from .gait_rules import UNKNOWN, Walk, WalkRules, identity_problem, read_walk
from .naming import sample_name
from .skeleton_dataset import SkeletonDataset
from .store.view import StoreView
from .store_dataset import SkeletonStoreDataset


@DATASETS.register_module()
class GaitPoseDataset(SkeletonDataset):
    """:class:`SkeletonDataset` of walks, whose classes are persons.

    Each sample also has ``subject``, ``seq`` and ``view`` (integers, -1 if
    unknown) and ``condition`` (``'nm'``, ``'bg'``, ``'cl'``, or ``'na'`` if
    unknown), as the metrics need them. Name them, and ``sample_idx``, in
    ``meta_keys`` of ``PackActionInputs``.

    For training the labels are numbered anew, from 0 to n - 1 in the order
    of the labels in the file, as the persons chosen need not be the first
    ones. With ``test_mode=True`` labels stay as they are: test persons are
    not among the classes of the head. Validation and test need it; a warning
    tells if a pipeline of theirs meets a dataset without it.

    For a store this class makes a :class:`GaitPoseStoreDataset`.

    Args:
        ann_file: Path to the annotation file, or to a store.
        pipeline: Transforms.
        min_frames: Walks with fewer frames are removed; how many is logged.
            0 keeps all, and ``SampleFrames`` then repeats short ones from
            their beginning. Defaults to 61, the rule of GaitGraph.
        conditions: Conditions to keep. Defaults to ``None``: all.
        views: Views to keep, in degrees. Defaults to ``None``: all.
        subjects: Persons to keep. Defaults to ``None``: all.
        num_classes: Classes of the head; there must not be more persons to
            train on. Not compared with test persons. Defaults to ``None``.
        **kwargs: Further arguments of ``SkeletonDataset`` (``split``,
            ``stream``, ``layout``, ``test_mode``, ...).

    Attributes:
        rules: The rules; ``rules.removed`` counts what each has removed.
        labels_are_identities: Whether labels name persons that need not be
            classes of the head, as those of the tests.

    Raises:
        ValueError: If an argument is wrong, a sample lacks a key, labels and
            subjects contradict each other, or nothing is left.

    Examples:
        >>> dict(type='GaitPoseDataset', ann_file='data/casiab/casiab.pkl',
        ...      split='train', layout='coco', pipeline=train_pipeline)
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[dict | Callable],
        min_frames: int = 61,
        conditions: Sequence[str] | None = None,
        views: Sequence[int] | None = None,
        subjects: Sequence[int] | None = None,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get('multi_class'):
            raise ValueError(
                'multi_class has no meaning for a GaitPoseDataset: a walk '
                'is that of one person.'
            )
        self.rules = WalkRules(
            min_frames, conditions=conditions, views=views, subjects=subjects
        )
        self._most = num_classes
        # Not told num_classes, which goes with the new labels.
        super().__init__(ann_file, pipeline=pipeline, **kwargs)

    @property
    def labels_are_identities(self) -> bool:
        """Whether labels are those of the file, not classes of the head."""
        return self.test_mode

    def filter_data(self) -> Sequence[dict]:
        """Apply the rules; number the persons to train on."""
        samples = super().filter_data()
        walks = [self._walk(*one) for one in enumerate(samples)]
        places = self.rules.places(walks)
        self._tell_removed(walks, len(places))
        walks = [walks[place] for place in places]
        labels = {} if self.test_mode else self._new_labels(walks)
        self._tell_pipeline()
        self._metainfo |= dict(
            subjects=sorted({walk.subject for walk in walks}),
            conditions=sorted({walk.condition for walk in walks}),
            views=sorted({walk.view for walk in walks}),
            min_frames=self.rules.min_frames,
            # Metrics are told nothing else of a dataset.
            test_mode=self.test_mode,
        )
        return self._chosen(samples, places, labels)

    def _walk(self, index: int, sample: Mapping[str, Any]) -> Walk:
        try:
            return read_walk(sample)
        except ValueError as error:
            raise ValueError(
                f'{self.ann_file}: sample {shown(sample_name(sample))} '
                f'(number {index} of those used) {error}.'
            ) from None

    def _new_labels(self, walks: Sequence[Walk]) -> dict[int, int]:
        """New labels by those of the file; the classes get their names."""
        problem = identity_problem(walks)
        if problem is not None:
            raise ValueError(f'{self.ann_file}: {problem}.')
        subjects = {walk.label: walk.subject for walk in walks}
        labels = {old: new for new, old in enumerate(sorted(subjects))}
        self._tell_persons(len(labels))
        names = self._metainfo.get('classes', ())
        if len(names) > max(labels):
            classes = [names[label] for label in labels]
        else:
            classes = [_person(label, subjects[label]) for label in labels]
        self._metainfo['classes'] = classes
        return labels

    def _chosen(
        self,
        samples: Sequence[dict],
        places: Sequence[int],
        labels: Mapping[int, int],
    ) -> Sequence[dict]:
        """Some of the samples, with new labels."""
        chosen = (samples[place] for place in places)
        return [_relabelled(sample, labels) for sample in chosen]

    def _origin(self) -> str:
        split = '' if self.split is None else f', split {self.split!r}'
        return f'{self.ann_file}{split}'

    def _tell_removed(self, walks: Sequence[Walk], kept: int) -> None:
        where = self._origin()
        for warning in self.rules.absent(walks):
            _tell(f'{where}: {warning}.', logging.WARNING)
        told = self.rules.told()
        if not kept:
            raise ValueError(
                f'{where}: none of the {len(walks)} walks is left ({told}); '
                'correct the rules or the split.'
            )
        rule = f'min_frames={self.rules.min_frames}'
        if not self.rules.min_frames:
            rule += ', so that short walks are repeated'
        _tell(
            f'{where}: {kept} of {len(walks)} walks are used'
            f'{f" ({told})" if told else ""}; {rule}.'
        )

    def _tell_pipeline(self) -> None:
        """Warn if this looks like a test that was taken for a training."""
        steps = [] if self.test_mode else self.pipeline.transforms
        for step in steps:
            if getattr(step, 'test_mode', False):
                _tell(
                    f'{self._origin()}: {type(step).__name__} has '
                    'test_mode=True, but the dataset has not, so that its '
                    'persons are numbered as classes of the head. For '
                    'validation or test set test_mode=True of the dataset.',
                    logging.WARNING,
                )
                return

    def _tell_persons(self, number: int) -> None:
        where, most = self._origin(), self._most
        _tell(f'{where}: persons: {number}, labels 0 to {number - 1}.')
        if most is None or number == most:
            return
        told = f'{where}: num_classes={most}, but the persons are {number}'
        if number > most:
            raise ValueError(
                f'{told}; set num_classes of dataset and head to {number}.'
            )
        _tell(f'{told}; is this the right split?', logging.WARNING)


@DATASETS.register_module()
class GaitPoseStoreDataset(
    GaitPoseDataset, SkeletonStoreDataset, store_form_of=GaitPoseDataset
):
    """:class:`GaitPoseDataset` for a store, which is mapped, not read.

    Opening takes longer than for other datasets, as the record of every
    walk is read (not its skeletons). There is no need to name this class:
    ``GaitPoseDataset(ann_file='casiab.store')`` makes one.

    Args:
        ann_file: Path to the store.
        *args: As for ``GaitPoseDataset``.
        **kwargs: As for ``GaitPoseDataset``.
    """

    def _chosen(
        self,
        samples: StoreView,
        places: Sequence[int],
        labels: Mapping[int, int],
    ) -> StoreView:
        view = samples
        if len(places) < len(view):
            view = view.take(places)
        if all(old == new for old, new in labels.items()):
            return view
        finish = partial(_relabelled, labels=labels, before=view.finish)
        return StoreView(view.store, view.split, finish, view.places)


def _relabelled(
    sample: dict,
    labels: Mapping[int, int],
    before: Callable[[dict], dict] | None = None,
) -> dict:
    """Change the label of a sample, in place, unless there are no labels."""
    if before is not None:
        sample = before(sample)
    if labels:
        sample['label'] = labels[sample['label']]
    return sample


def _person(label: int, subject: int) -> str:
    return str(label) if subject == UNKNOWN else f'{subject:03d}'


def _tell(message: str, level: int = logging.INFO) -> None:
    print_log(message, logger='current', level=level)
