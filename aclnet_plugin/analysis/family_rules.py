"""Which rule the families of a training follow, and what it makes of counts.

The numbers are in the config of the training, and the Runner keeps that, as
text, in each checkpoint.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..models.affinity.functional import (
    build_families,
    class_affinity,
    nearest_confusions,
    neighbour_mask,
)
from ..models.heads.behaviours import BEHAVIOURS
from .errors import AnalysisError


@dataclass(frozen=True)
class FamilyRule:
    """Arguments of :class:`~aclnet_plugin.models.affinity.FamilyTable`.

    Args:
        top_k: Neighbour set size K. Defaults to 10.
        overlap_threshold: n_o. Defaults to 4.
        fill: Whether neighbour lists fill up with classes that were never
            confused (release). Defaults to False.
        union: Whether neighbours belong to a family in any case (release).
            Defaults to False.
        source: Where the rule is from, for captions. Defaults to
            ``'defaults'``.
    """

    top_k: int = 10
    overlap_threshold: int = 4
    fill: bool = False
    union: bool = False
    source: str = 'defaults'

    @property
    def threshold(self) -> float:
        """n_o / K, which an affinity has to exceed (Eq. 6)."""
        return self.overlap_threshold / self.top_k

    def changed(
        self,
        behaviour: str | None = None,
        top_k: int | None = None,
        overlap_threshold: int | None = None,
    ) -> FamilyRule:
        """The rule with what the command line says; None changes nothing.

        Args:
            behaviour: ``'paper'`` or ``'release'``.
            top_k: K.
            overlap_threshold: n_o.
        """
        given: dict[str, Any] = {}
        if behaviour is not None:
            given |= BEHAVIOURS[behaviour]['families']
        if top_k is not None:
            given['top_k'] = top_k
        if overlap_threshold is not None:
            given['overlap_threshold'] = overlap_threshold
        if not given:
            return self
        return replace(self, **given, source='command line')


def rule_of_model(model: Any, source: str) -> FamilyRule | None:
    """The rule in the config of a model.

    Args:
        model: The config.
        source: Where it is from, for messages.

    Returns:
        None if it has no :class:`~aclnet_plugin.models.ACLHead`.

    Raises:
        AnalysisError: If the numbers are impossible.
    """
    head = model.get('cls_head') if isinstance(model, Mapping) else None
    if not isinstance(head, Mapping) or 'ACLHead' not in str(head.get('type')):
        return None
    behaviour = head.get('behaviour', 'paper')
    families = head.get('families') or {}
    if behaviour not in BEHAVIOURS or not isinstance(families, Mapping):
        raise AnalysisError(
            f'{source}: cls_head has no usable behaviour and families'
        )
    values = BEHAVIOURS[behaviour]['families'] | dict(families)
    rule = FamilyRule(
        values.get('top_k', 10),
        values.get('overlap_threshold', 4),
        values['fill'],
        values['union'],
        source,
    )
    numbers = (rule.top_k, rule.overlap_threshold)
    if any(type(number) is not int for number in numbers) or rule.top_k < 1:
        raise AnalysisError(
            f'{source}: families.top_k and overlap_threshold have to be '
            f'whole numbers, top_k above 0, got {numbers}'
        )
    return rule


def rule_of_checkpoint(meta: Mapping[str, Any]) -> FamilyRule | None:
    """The rule of the training that wrote a checkpoint.

    Args:
        meta: ``meta`` of the checkpoint.

    Returns:
        None if the checkpoint does not tell.
    """
    model = literal_entry(meta.get('cfg'), 'model')
    return rule_of_model(model, 'checkpoint')


def literal_entry(text: Any, name: str) -> Any:
    """Value of one entry of a config in Python's syntax, without running it.

    Args:
        text: The config as :class:`mmengine.Config` prints it.
        name: The entry.

    Returns:
        None if there is no such entry, or more in it than literals,
        containers and calls of ``dict``.
    """
    try:
        for statement in ast.parse(text).body:
            if isinstance(statement, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == name
                for target in statement.targets
            ):
                return _literal(statement.value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    return None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        plain = isinstance(node.func, ast.Name) and node.func.id == 'dict'
        if not plain or node.args or any(k.arg is None for k in node.keywords):
            raise ValueError('not a literal')
        return {k.arg: _literal(k.value) for k in node.keywords}
    if isinstance(node, ast.Dict):
        return {
            ast.literal_eval(key): _literal(value)
            for key, value in zip(node.keys, node.values, strict=True)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(item) for item in node.elts]
    return ast.literal_eval(node)


@dataclass(frozen=True)
class Affinities:
    """What a rule makes of confusion counts of K classes.

    Attributes:
        rule: The rule.
        neighbours: For each class its neighbour set, most confused first.
        direct: ``(K, K)`` bool, j is a neighbour of i (Eq. 4).
        overlap: ``(K, K)`` int64, neighbours that i and j share (Eq. 5).
        affinity: ``(K, K)`` float64 (Eq. 5).
        member: ``(K, K)`` bool, j belongs to the family of i (Eq. 6).
    """

    rule: FamilyRule
    neighbours: list[list[int]]
    direct: np.ndarray
    overlap: np.ndarray
    affinity: np.ndarray
    member: np.ndarray


def affinities(counts: np.ndarray, rule: FamilyRule) -> Affinities:
    """Recompute neighbours, affinities and families.

    Args:
        counts: ``(K, K)`` whole numbers, rows are true classes.
        rule: How.
    """
    table = torch.from_numpy(np.array(counts, np.int64))
    options = (rule.top_k, rule.overlap_threshold, rule.fill, rule.union)
    found, valid = nearest_confusions(table, rule.top_k, rule.fill)
    direct = neighbour_mask(found, valid, len(table))
    shared = direct.float()
    return Affinities(
        rule,
        [
            row[mask].tolist()
            for row, mask in zip(found.numpy(), valid.numpy(), strict=True)
        ],
        direct.numpy(),
        (shared @ shared.T).long().numpy(),
        class_affinity(table, *options).double().numpy(),
        build_families(table, *options).numpy(),
    )
