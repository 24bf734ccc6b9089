"""What both retrieval metrics do: gather embeddings, tell, write."""

from __future__ import annotations

import logging
import os
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ...utils.shown import shown
from ..retrieval import GaitScores, Items, ReIDScores
from .sample_values import name_of, plain_value, vector_of

_ALWAYS = ('frame_dir', 'sample_idx')


class RetrievalMetric(BaseMetric):
    """Embeddings of all samples, in the order of the data set, scored.

    A sample has ``pred_feature``, a vector, and the metadata that the
    protocol names, ``frame_dir`` and ``sample_idx``. Repetitions that fill
    up the last batch of several processes are dropped by ``sample_idx``.

    Args:
        keys: Names of the metadata that are needed.
        out_dir: Folder for CSV files, overwritten by each evaluation.
            Defaults to None: none are written.
        collect_device: As of ``BaseMetric``. Defaults to ``'cpu'``.
        prefix: Of the names of the values. Defaults to None: that of the
            class.
        collect_dir: As of ``BaseMetric``. Defaults to None.
    """

    def __init__(
        self,
        keys: set[str],
        out_dir: str | os.PathLike[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        self.out_dir = out_dir
        self._keys = sorted(keys.difference(_ALWAYS))
        self._size: int | None = None
        self._warned: set[str] = set()

    @BaseMetric.dataset_meta.setter
    def dataset_meta(self, dataset_meta: Mapping[str, Any] | None) -> None:
        """Take what the loop says about the data set, before it begins."""
        self._dataset_meta = dataset_meta
        if (dataset_meta or {}).get('test_mode', True):
            return
        self._warn(
            'the data set of this evaluation has test_mode=False, as one to '
            'train on: its persons are numbered as classes of the head. Set '
            'test_mode=True of the dataset in the data loader.'
        )

    @abstractmethod
    def score(self, items: Items) -> GaitScores | ReIDScores:
        """Score the embeddings of a data set."""

    @abstractmethod
    def describe(self, scores: Any) -> str:
        """The scores as text for the log."""

    @abstractmethod
    def write(self, scores: Any, folder: str) -> list[Path]:
        """The scores as files."""

    def process(
        self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]
    ) -> None:
        """Take in a batch.

        Args:
            data_batch: Unused.
            data_samples: Samples as dicts.

        Raises:
            ValueError: If a sample lacks something, or has it in another
                form.
        """
        for sample in data_samples:
            self._require(sample)
            who = name_of(sample)
            meta = {
                key: plain_value(sample[key], key, who) for key in self._keys
            }
            self.results.append(
                (
                    plain_value(sample['sample_idx'], 'sample_idx', who),
                    str(sample['frame_dir']),
                    vector_of(sample['pred_feature'], who),
                    meta,
                )
            )

    def evaluate(self, size: int) -> dict:
        """Score what all processes have taken in.

        Args:
            size: Number of samples of the data set.

        Returns:
            Percent by name.
        """
        self._size = size
        # Repetitions are told by their index here, not by their place.
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Score results of all processes.

        Args:
            results: What :meth:`process` made, in any order.

        Raises:
            ValueError: If the results contradict each other.
        """
        items = self._items(results)
        if self._size is not None and len(items) != self._size:
            self._warn(
                f'{len(items):,} different samples arrived, but the data set '
                f'has {self._size:,}; check the sampler of the data loader.'
            )
        scores = self.score(items)
        print_log(self.describe(scores), logger='current')
        problems = scores.problems()
        if problems:
            self._warn(
                f'undefined values were left out of the means: '
                f'{"; ".join(problems)}. Check the split and the conditions '
                f'of the metric.'
            )
        if self.out_dir is not None:
            self._write(scores)
        return scores.to_dict()

    def _items(self, results: list) -> Items:
        kept: dict[int, tuple] = {}
        for result in results:
            index, name = result[:2]
            known = kept.setdefault(index, result)[1]
            if known != name:
                raise ValueError(
                    f'{type(self).__name__}: {shown(known)} and '
                    f'{shown(name)} both have the sample_idx {index}. Joined '
                    f'data sets number their samples anew; evaluate one '
                    f'annotation file.'
                )
        rows = [kept[index] for index in sorted(kept)]
        sizes = {len(row[2]) for row in rows}
        if len(sizes) > 1:
            raise ValueError(
                f'{type(self).__name__}: embeddings have {min(sizes)} to '
                f'{max(sizes)} numbers; expected the same for all samples.'
            )
        features = [row[2] for row in rows]
        return Items(
            np.stack(features) if features else np.zeros((0, 1)),
            {key: [row[3][key] for row in rows] for key in self._keys},
            np.array([row[0] for row in rows], np.int64),
            [row[1] for row in rows],
        )

    def _require(self, sample: Mapping[str, Any]) -> None:
        who = f'{type(self).__name__}: {name_of(sample)}'
        if sample.get('pred_feature') is None:
            raise ValueError(
                f'{who} has no pred_feature. Set '
                f"embedding='pooled' of the cls_head."
            )
        needed = (*_ALWAYS, *self._keys)
        lacking = [key for key in needed if sample.get(key) is None]
        if lacking:
            raise ValueError(
                f'{who} has no {", ".join(lacking)}. Name them in meta_keys '
                f'of PackActionInputs in the pipeline of this data loader, '
                f'meta_keys={needed}; the annotation file must have them.'
            )

    def _warn(self, sentence: str) -> None:
        """Once, however many epochs follow."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            print_log(
                f'{type(self).__name__}: {sentence}',
                logger='current',
                level=logging.WARNING,
            )

    def _write(self, scores: Any) -> None:
        try:
            files = self.write(scores, os.fspath(self.out_dir))
        except OSError as error:
            # The values are in the log; a training must not end for this.
            print_log(
                f'{type(self).__name__}: the tables could not be written to '
                f'{self.out_dir}: {error}',
                logger='current',
                level=logging.ERROR,
            )
        else:
            names = ', '.join(map(str, files))
            print_log(f'Tables written to {names}', logger='current')
