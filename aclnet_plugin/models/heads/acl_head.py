"""Classification head with ACLNet's two contrastive losses."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.nn import functional as F

from aclnet_plugin.compat.release_keys import accept_release_keys
from aclnet_plugin.utils.checks import (
    check_options,
    check_whole,
    refuse_unknown,
)
from aclnet_plugin.utils.dist import (
    GatheredBatch,
    as_rank_share,
    gather_batch,
)

from ..affinity import (
    AffinityState,
    ClassPrototypes,
    ConfusionStats,
    FamilyTable,
    FeatureBank,
)
from ..affinity.functional import unit_rows
from .behaviours import behaviour_of, loss_config
from .embedding import check_embedding, embed, pool

Features = Tensor | tuple[Tensor, Tensor]
"""What a backbone returns: features, with or without a relation vector."""

_OFF = 'to switch a loss off, give it loss_weight=0'


@MODELS.register_module()
class ACLHead(GCNHead):
    r"""GCN head trained with affinity contrastive losses.

    .. math:: L = L_{CE} + \lambda_1 L_{inter} + \lambda_2 L_{intra}

    Takes ``(feats, relation)`` of :class:`ACLGCN` and of :class:`CTRGCNet`
    with ``relation='topology'``. From any other GCN, such as those of
    MMAction2, which returns ``feats`` alone, the pooled feature serves as
    relation vector, so that a ``cls_head`` override is enough to train a
    stock config with these losses.

    In a training step the joined batch of all ranks is first taken in by the
    state (counts, prototypes, bank) and then scored against it. Labels and
    predictions reach the losses without gradients, relation vectors with.
    In evaluation nothing changes. The inter-class loss acts in the epochs
    that :class:`~aclnet_plugin.engine.hooks.ConfusionStatisticsHook` says;
    while a loss is inactive, its projection has no graph at all, because a
    zero gradient would still let weight decay shrink it.

    With ``gather_interval=n`` above 1, ranks exchange their batches every n
    steps with one collective for all n, instead of one in each step:

    - A rank scores its own batch, before any rank has taken it in: against
      the prototypes and families as of the last gather, and a bank that reads
      as if this batch alone had been pushed, so that gradients still reach
      the batch as comparison partner. The loss is the mean over the rank's
      own samples; DDP averages it over ranks like any other.
    - Then the batch waits. After the n-th step all that wait are gathered and
      taken in, step by step, the ranks alternating. The state is the one that
      the same embeddings would have led to in single steps, and is equal on
      all ranks.
    - What differs from n = 1: the state is up to n - 1 steps older than the
      batch; what other ranks, or this rank's earlier steps, have not yet
      exchanged is missing from the comparison; the batch has no share in the
      prototypes that it is scored against, so ``attached`` has no effect;
      families are rebuilt at the first gather of an epoch, from the counts
      after its first step, not at the first step.
    - Checkpoints and ends of epochs come with a gather of their own: nothing
      waits in a checkpoint, and a resumed training is the uninterrupted one.
      The steps between two checkpoints thus have a say in where the gathers
      fall, which for n = 1 they have not.

    On one process it is allowed, so that a config can be tried there: nothing
    is sent, and the state is as old as on many.

    For retrieval (gait, re-identification, search) ``embedding`` names what
    a sample is compared by. Labels have no part in it, so that those of
    classes which the head was not trained on do no harm.

    Args:
        num_classes: K.
        in_channels: Channels of ``feats``.
        relation_dim: Length of the relation vector, V * V for
            :class:`ACLGCN`. Defaults to None: ``in_channels``, right for
            backbones without a relation vector.
        embed_dim: D, width of both projections. Defaults to 256.
        bank_size: Q, slots of the memory bank. Defaults to 512.
        behaviour: ``'paper'`` or ``'release'``, which presets the next four
            arguments. Defaults to ``'paper'``.
        confusion: Arguments of :class:`ConfusionStats`. ``mutual``: count
            both directions (paper False, release True); ``keep``: share of
            the counts that outlives a rebuild of the families (1).
        families: Arguments of :class:`FamilyTable`. ``fill``: fill sparse
            neighbour lists (False, True); ``union``: family rule (False,
            True); ``top_k`` (10); ``overlap_threshold`` (4).
        prototypes: Arguments of :class:`ClassPrototypes`. ``correct_only``
            (False, True), ``random_start`` (False, True), ``attached``
            (False, True), ``momentum`` (0.9).
        loss_intra: Config of the intra-class loss. ``floor`` (0, 1e-6),
            ``full_only`` (False, True), ``margin_unit`` and more, see
            :class:`IntraClassMarginLoss`. With another ``type``, such as
            :class:`SupervisedContrastiveLoss`, nothing is preset.
        loss_inter: Config of the inter-class loss, see
            :class:`InterClassAffinityLoss`. ``bounds`` are ``top_k`` and
            twice that by default. A rival without families is
            :class:`PrototypeContrastiveLoss`.
        gather_interval: n, training steps from one gather to the next.
            Defaults to 1: the joined batch is exchanged and scored in every
            step.
        embedding: ``'pooled'``, ``'inter'``, ``'intra'`` or ``'concat'``:
            :meth:`predict` adds it to each sample as ``pred_feature``, see
            :func:`~.embedding.embed`. The projection of a loss that never
            acted is random. Defaults to None: no embedding.
        init_cfg: As in MMEngine. By default the classifier alone is drawn
            from a normal distribution with std 0.01.
        **kwargs: Of MMAction2's ``GCNHead``: ``loss_cls``, ``dropout``,
            ``average_clips``, ``label_smooth_eps``, ``topk``, ...

    Raises:
        ValueError: If an argument is out of range, or labels or features do
            not fit the head.
        TypeError: If an argument is unknown.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        relation_dim: int | None = None,
        embed_dim: int = 256,
        bank_size: int = 512,
        behaviour: str = 'paper',
        confusion: dict | None = None,
        families: dict | None = None,
        prototypes: dict | None = None,
        loss_inter: dict | None = None,
        loss_intra: dict | None = None,
        gather_interval: int = 1,
        embedding: str | None = None,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unknown(type(self), kwargs)
        check_whole('embed_dim', embed_dim, 1)
        # Not the host's default: it would also draw the two projections,
        # which are Linear layers as well, with std 0.01.
        init_cfg = init_cfg or dict(
            type='Normal', override=dict(type='Normal', name='fc', std=0.01)
        )
        super().__init__(num_classes, in_channels, init_cfg=init_cfg, **kwargs)
        if self.multi_class:
            raise ValueError(
                'ACLHead needs one label per sample; multi_class=True has '
                'no confusion matrix'
            )
        preset = behaviour_of(behaviour)
        self.behaviour = behaviour
        self.embedding = check_embedding(embedding)
        self.relation_dim = relation_dim or in_channels
        self.inter_proj = nn.Linear(self.relation_dim, embed_dim)
        self.intra_proj = nn.Linear(self.relation_dim, embed_dim)
        self.affinity = AffinityState(
            ConfusionStats(
                num_classes,
                **preset['confusion'] | check_options('confusion', confusion),
            ),
            FamilyTable(
                num_classes,
                **preset['families'] | check_options('families', families),
            ),
            ClassPrototypes(
                num_classes,
                embed_dim,
                **preset['prototypes']
                | check_options('prototypes', prototypes),
            ),
            FeatureBank(bank_size, embed_dim),
            gather_interval,
        )
        top_k = self.affinity.families.top_k
        self.loss_inter = MODELS.build(
            loss_config(
                {
                    'type': 'InterClassAffinityLoss',
                    'bounds': (top_k, 2 * top_k),
                },
                check_options('loss_inter', loss_inter, _OFF),
            )
        )
        self.loss_intra = MODELS.build(
            loss_config(
                {'type': 'IntraClassMarginLoss', **preset['loss_intra']},
                check_options('loss_intra', loss_intra, _OFF),
            )
        )

    def forward(self, feats: Features, **kwargs: Any) -> Tensor:
        """Class scores.

        Args:
            feats: ``(N, M, C, T, V)``, or a pair of it and the relation.
            **kwargs: For the host's signature; unused.

        Returns:
            ``(N, K)``.
        """
        return self._classify(self._pool(_split(feats)[0]))

    def predict(
        self, feats: Features, data_samples: SampleList, **kwargs: Any
    ) -> SampleList:
        """Scores of a batch and, if wanted, embeddings.

        Args:
            feats: See :meth:`forward`, N = samples * clips.
            data_samples: Samples, with or without a label.
            **kwargs: For the host's signature; unused.

        Returns:
            The samples with ``pred_score`` and ``pred_label`` and, unless
            ``embedding`` is None, ``pred_feature`` ``(D,)``, float32 and of
            unit length.
        """
        samples = super().predict(feats, data_samples, **kwargs)
        if self.embedding is not None:
            vectors = self.embed(feats, len(samples))
            for sample, vector in zip(samples, vectors, strict=True):
                sample.pred_feature = vector
        return samples

    def embed(
        self, feats: Features, num_samples: int, kind: str | None = None
    ) -> Tensor:
        """Embeddings of a batch.

        Args:
            feats: See :meth:`forward`, N = samples * clips.
            num_samples: B.
            kind: Instead of the head's own. Defaults to None.

        Returns:
            ``(B, D)`` float32, rows of unit length.

        Raises:
            ValueError: If neither the call nor the head names a kind.
        """
        kind = check_embedding(kind or self.embedding)
        if kind is None:
            raise ValueError('the head has embedding=None; name a kind')
        feats, relation = _split(feats)
        pooled = self._pool(feats)
        relation = pooled if relation is None else relation
        if kind != 'pooled':
            self._check_relation(relation)
        return embed(
            kind,
            pooled,
            relation.to(self.inter_proj.weight.dtype),
            {'inter': self.inter_proj, 'intra': self.intra_proj},
            len(pooled) // num_samples,
        )

    def loss(
        self, feats: Features, data_samples: SampleList, **kwargs: Any
    ) -> dict[str, Tensor]:
        """Losses of a batch; in training mode the state takes it in.

        Args:
            feats: See :meth:`forward`.
            data_samples: Samples with ``gt_label``.
            **kwargs: For the host's signature; unused.

        Returns:
            ``loss_cls``, ``loss_inter``, ``loss_intra`` and ``top<k>_acc``.
        """
        feats, relation = _split(feats)
        pooled = self._pool(feats)
        scores = self._classify(pooled)
        labels = _labels_of(data_samples, scores.device)
        return self._class_losses(scores, labels) | self.contrastive_losses(
            pooled if relation is None else relation,
            labels,
            scores.detach().argmax(1),
        )

    def loss_by_feat(
        self, cls_scores: Tensor, data_samples: SampleList
    ) -> dict[str, Tensor]:
        """Classification loss and top-k accuracies.

        Args:
            cls_scores: ``(N, K)``.
            data_samples: Samples with ``gt_label``.

        Returns:
            ``loss_cls`` and ``top<k>_acc``.
        """
        return self._class_losses(
            cls_scores, _labels_of(data_samples, cls_scores.device)
        )

    def _class_losses(
        self, cls_scores: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """What :meth:`loss_by_feat` returns, from labels on the device.

        The host computes the accuracies in NumPy, which stalls a GPU in each
        step and does not know bfloat16.
        """
        if len(cls_scores) != len(labels):
            raise ValueError(
                f'{len(cls_scores)} scores for {len(labels)} samples: '
                f'training takes one clip per sample (num_clips=1)'
            )
        ranks = cls_scores.detach().topk(
            min(max(self.topk), self.num_classes), dim=1
        )
        hits = ranks.indices == labels[:, None]
        losses = {
            f'top{k}_acc': hits[:, :k].any(1).float().mean() for k in self.topk
        }
        # Scores in a half type stop here: CPU autocast has no rule for the
        # host's log-softmax of smoothed labels and would compute it in half.
        cls_scores = cls_scores.to(
            torch.promote_types(cls_scores.dtype, torch.float32)
        )
        target = labels
        if self.label_smooth_eps:
            target = F.one_hot(labels, self.num_classes).to(cls_scores.dtype)
            target = (
                1 - self.label_smooth_eps
            ) * target + self.label_smooth_eps / self.num_classes
        loss = self.loss_cls(cls_scores, target)
        losses.update(loss if isinstance(loss, dict) else {'loss_cls': loss})
        return losses

    # The state is host logic around in-place updates: compiled, it would be
    # traced anew in each step. The break comes after backbone and classifier.
    @torch.compiler.disable
    def contrastive_losses(
        self, relation: Tensor, labels: Tensor, preds: Tensor
    ) -> dict[str, Tensor]:
        """Inter- and intra-class loss of this rank's batch.

        Args:
            relation: ``(B, relation_dim)``.
            labels: ``(B,)`` int64.
            preds: ``(B,)`` int64.

        Returns:
            ``loss_inter`` and ``loss_intra``, weighted.
        """
        self._check_relation(relation)
        state = self.affinity
        joined = self.training and state.pending.interval == 1
        incoming = len(labels) * self.training
        if joined:
            incoming *= get_world_size()
        intra_active = (
            not self.loss_intra.full_only
            or state.bank.filled + incoming >= state.bank.size
        )
        # float32 from here on: similarities are divided by temperatures of
        # 0.1 and statistics accumulate over epochs.
        with torch.autocast(relation.device.type, enabled=False):
            relation = relation.to(self.inter_proj.weight.dtype)
            with torch.set_grad_enabled(
                state.scoring and torch.is_grad_enabled()
            ):
                inter = self.inter_proj(relation)
            with torch.set_grad_enabled(
                intra_active and torch.is_grad_enabled()
            ):
                intra = unit_rows(self.intra_proj(relation))
            batch = GatheredBatch(inter, intra, labels, preds)
            if joined:
                batch = gather_batch(*batch)
                seen = state.observe(*batch)
            elif self.training:
                seen = state.preview(intra, labels)
            else:
                # Alone: other ranks may be elsewhere, or have no batch left.
                seen = state.peek(labels)
        zero = relation.new_zeros(())
        loss_inter = loss_intra = zero
        if state.scoring:
            loss_inter = self.loss_inter(
                batch.inter,
                batch.labels,
                seen.prototypes,
                state.families.member,
                state.prototypes.usable,
            )
        if intra_active:
            loss_intra = self.loss_intra(
                batch.intra,
                batch.labels,
                seen.slots,
                seen.columns,
                seen.column_labels,
            )
        losses = {'loss_inter': loss_inter, 'loss_intra': loss_intra}
        if joined:
            return {name: as_rank_share(x) for name, x in losses.items()}
        if self.training:
            state.postpone(batch)
        return losses

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        accept_release_keys(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _pool(self, feats: Tensor) -> Tensor:
        """``(N, M, C, T, V)`` to ``(N, C)``, absent persons included."""
        pooled = pool(feats)
        if pooled.shape[1] != self.in_channels:
            raise ValueError(
                f'the backbone returns {pooled.shape[1]} channels, but the '
                f'head was built with in_channels={self.in_channels}; set '
                f'cls_head.in_channels={pooled.shape[1]}'
            )
        return pooled

    def _check_relation(self, relation: Tensor) -> None:
        if relation.shape[1:] != (self.relation_dim,):
            raise ValueError(
                f'the relation vector has shape {tuple(relation.shape)}, '
                f'but the head was built with relation_dim='
                f'{self.relation_dim}; set relation_dim to V * V for ACLGCN '
                f"and for CTRGCNet with relation='topology', and leave it out "
                f'for other backbones'
            )

    def _classify(self, pooled: Tensor) -> Tensor:
        if self.dropout is not None:
            pooled = self.dropout(pooled)
        return self.fc(pooled)


def _split(feats: Features) -> tuple[Tensor, Tensor | None]:
    """Features and relation vector, None where there is none."""
    return feats if isinstance(feats, tuple) else (feats, None)


def _labels_of(data_samples: SampleList, device: torch.device) -> Tensor:
    """``(N,)`` int64 labels of a batch."""
    labels = torch.stack([sample.gt_label for sample in data_samples])
    if labels.numel() != len(data_samples):
        raise ValueError(
            f'ACLHead needs one label per sample, got gt_label of shape '
            f'{tuple(labels.shape[1:])}; soft labels (mixup) are not '
            f'supported'
        )
    return labels.to(device, non_blocking=True).view(-1)
