"""Predictions of a test run in a file, without repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmaction.registry import METRICS
from mmengine.evaluator import DumpResults
from torch import Tensor


@METRICS.register_module()
class DumpPredictions(DumpResults):
    """MMEngine's ``DumpResults`` with small files that tell how was tested.

    The score of a sample is a row of its batch, and pickling a row writes
    the whole batch: tested on a CPU with 16 samples per batch, the file of
    the host is about 16 times as large as need be.

    Args:
        out_file_path: The pickle file to write.
        test_clips: Clips per sample, noted with each prediction. Defaults to
            None: not noted.
        test_tta: Whether versions of each sample were merged, noted in the
            same way. Defaults to None: not noted.
        **kwargs: Of ``DumpResults``.
    """

    def __init__(
        self,
        out_file_path: str,
        test_clips: int | None = None,
        test_tta: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(out_file_path, **kwargs)
        self.test_clips = test_clips
        self.test_tta = test_tta

    def process(self, data_batch: Any, predictions: Sequence[dict]) -> None:
        """Take in a batch.

        Args:
            data_batch: Unused.
            predictions: Samples as dicts.
        """
        own = [
            {
                # `to` of the parent would return the row itself.
                key: value.clone() if isinstance(value, Tensor) else value
                for key, value in prediction.items()
            }
            for prediction in predictions
        ]
        how = {'test_clips': self.test_clips, 'test_tta': self.test_tta}
        told = {key: value for key, value in how.items() if value is not None}
        for prediction in own:
            prediction.update(told)
        super().process(data_batch, own)
