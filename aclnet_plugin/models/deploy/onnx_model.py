"""What of a model goes into an ONNX file."""

from __future__ import annotations

import copy

from mmaction.models.heads import GCNHead
from mmaction.models.recognizers import RecognizerGCN
from torch import Tensor, nn

from ..backbones import ACLGCN
from ..heads import EMBEDDINGS
from ..heads.embedding import embed, pool
from .onnx_errors import OnnxError
from .reparameterize import reparameterize

_PROJECTIONS = ('inter_proj', 'intra_proj')
_TRAINING_ONLY = ('affinity', 'loss_cls', 'loss_inter', 'loss_intra')


class ClipModel(nn.Module):
    """Scores of clips, and their embeddings if wanted, from tensors alone.

    Args:
        backbone: Returns features, with or without a relation vector.
        head: Gives scores, and has the projections of the embedding.
        embedding: See :data:`~..heads.EMBEDDINGS`. Defaults to None: none.
    """

    def __init__(
        self, backbone: nn.Module, head: GCNHead, embedding: str | None = None
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.embedding = embedding

    def forward(self, keypoint: Tensor) -> tuple[Tensor, ...]:
        """Run the model.

        Args:
            keypoint: ``(N, M, T, V, C)``, clips of one stream.

        Returns:
            Scores before the softmax ``(N, K)`` and, unless ``embedding`` is
            None, unit vectors ``(N, D)``.
        """
        feats = self.backbone(keypoint)
        scores = self.head(feats)
        if self.embedding is None:
            return (scores,)
        relation = None
        if isinstance(feats, tuple):
            feats, relation = feats
        maps = {
            name.removesuffix('_proj'): getattr(self.head, name, None)
            for name in _PROJECTIONS
        }
        return scores, embed(self.embedding, pool(feats), relation, maps)


def clip_model(
    model: nn.Module, embedding: str | None = None, fast: bool = True
) -> ClipModel:
    """A copy of the part of a recogniser that evaluation needs.

    Losses and their state (families, prototypes, bank) are left out. An
    :class:`ACLGCN` is re-parameterised, and computes every person: whether
    one is absent would be a question to the data.

    Args:
        model: A ``RecognizerGCN`` with a ``GCNHead`` or ``ACLHead``. It
            stays as it is.
        embedding: See :class:`ClipModel`. Defaults to None.
        fast: Whether to re-parameterise. Defaults to True.

    Raises:
        OnnxError: If the model is of another kind or has no such embedding.
        ValueError: If a layer cannot be re-parameterised.
    """
    _check(model, embedding)
    aclgcn = any(isinstance(part, ACLGCN) for part in model.modules())
    if fast and aclgcn:
        model = reparameterize(model)
    else:
        model = copy.deepcopy(model).eval().requires_grad_(False)
    for part in model.modules():
        if isinstance(part, ACLGCN):
            part.share_absent = 'never'
    head = model.cls_head
    kinds = EMBEDDINGS[:-1] if embedding == 'concat' else (embedding,)
    unused = [
        name
        for name in _PROJECTIONS
        if name.removesuffix('_proj') not in kinds
    ]
    for name in (*_TRAINING_ONLY, *unused):
        if hasattr(head, name):
            delattr(head, name)
    return ClipModel(model.backbone, head, embedding).eval()


def _check(model: nn.Module, embedding: str | None) -> None:
    head = getattr(model, 'cls_head', None)
    if not isinstance(model, RecognizerGCN) or not isinstance(head, GCNHead):
        raise OnnxError(
            f'the model is a {type(model).__name__} with a '
            f'{type(head).__name__}; what can be exported is a RecognizerGCN '
            f'with a GCNHead or ACLHead'
        )
    preprocessor = getattr(model, 'data_preprocessor', None)
    if getattr(preprocessor, '_enable_normalize', False):
        raise OnnxError(
            'the data_preprocessor of the model subtracts a mean, which '
            'would be missing from the file; take it out of the config and '
            'put it into the pipeline'
        )
    if embedding is None:
        return
    if embedding not in EMBEDDINGS:
        raise OnnxError(
            f'there is no embedding {embedding!r}, only '
            f'{", ".join(EMBEDDINGS)}'
        )
    if embedding != 'pooled' and not hasattr(head, 'inter_proj'):
        raise OnnxError(
            f'a {type(head).__name__} has no embedding {embedding!r}, which '
            f"is made by the losses of an ACLHead; use 'pooled'"
        )
