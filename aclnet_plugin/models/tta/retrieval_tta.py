"""Embeddings of several versions of a sequence as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseTTAModel

from ..affinity.functional import unit_rows


@MODELS.register_module()
class RetrievalTTAModel(BaseTTAModel):
    """Test-time augmentation for retrieval: the mean embedding.

    The versions that ``TestTimeAug`` makes of a sequence, such as the clip
    and its time-reversed copy, are embedded one by one. The unit vectors are
    averaged, and the mean is brought to unit length. Where there are class
    scores, they are averaged as well. All else is that of the first version.

    Args:
        module: The model, or its config. Its head needs ``embedding``.
        data_preprocessor: As of ``BaseTTAModel``.

    Raises:
        ValueError: If the model gives no embeddings.

    Examples:
        >>> tta_model = dict(type='RetrievalTTAModel')
        >>> tta_pipeline = [
        ...     *before,  # all of the test pipeline but the last transform
        ...     dict(type='TestTimeAug', transforms=[
        ...         [dict(type='TemporalReverse', p=0.0),
        ...          dict(type='TemporalReverse', p=1.0)],
        ...         [dict(type='FormatGCNInput', num_person=1)],
        ...         [dict(type='PackActionInputs')],
        ...     ])]
    """

    def test_step(self, data: dict[str, Any]) -> list[ActionDataSample]:
        """Predict each version of a batch, and merge.

        Args:
            data: ``inputs`` and ``data_samples``, each with a sequence of
                samples for each version.
        """
        # MMEngine collates to tuples, MMAction2 stacks nothing but lists.
        data = {key: [list(part) for part in data[key]] for key in data}
        return super().test_step(data)

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[ActionDataSample]]
    ) -> list[ActionDataSample]:
        """Make one prediction of several.

        Args:
            data_samples_list: The versions of each sample.

        Returns:
            A sample each, with ``pred_feature`` ``(D,)`` of unit length.
        """
        return [_merge(versions) for versions in data_samples_list]


def _merge(versions: Sequence[ActionDataSample]) -> ActionDataSample:
    if any('pred_feature' not in version for version in versions):
        raise ValueError(
            'RetrievalTTAModel: the model gives no pred_feature. Set '
            "embedding='pooled' of the cls_head."
        )
    merged = versions[0]
    features = torch.stack([version.pred_feature for version in versions])
    merged.pred_feature = unit_rows(features.mean(0, keepdim=True))[0]
    if all('pred_score' in version for version in versions):
        scores = torch.stack([version.pred_score for version in versions])
        merged.set_pred_score(scores.mean(0))
        merged.set_pred_label(merged.pred_score.argmax(-1, keepdim=True))
    return merged
