"""Two configs may differ in one thing: that which is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mmengine.config import Config

from ..errors import AnalysisError
from ..sweep.digest import differences, evaluation_part, training_part
from .arms import Pair

GROUPS = ('loss', 'backbone', 'data', 'schedule', 'other')
"""What two configs can differ in."""

# The first that a key begins with decides, so the narrower stand above.
_PLACES = (
    ('model.cls_head.in_channels', 'backbone'),
    ('model.cls_head.relation_dim', 'backbone'),
    ('model.cls_head.num_classes', 'data'),
    ('model.cls_head', 'loss'),
    ('model.data_preprocessor', 'data'),
    ('model.test_cfg', 'other'),
    ('model.train_cfg', 'other'),
    ('model', 'backbone'),
    ('data_preprocessor', 'data'),
    # When the losses begin to act.
    ('custom_hooks.ConfusionStatisticsHook', 'loss'),
    ('custom_hooks', 'schedule'),
    # How many steps there are, and of how many samples.
    ('train_dataloader.batch_size', 'schedule'),
    ('train_dataloader.dataset.times', 'schedule'),
    ('train_dataloader', 'data'),
    ('val_dataloader', 'data'),
    ('test_dataloader', 'data'),
    ('train_cfg', 'schedule'),
    ('optim_wrapper', 'schedule'),
    ('param_scheduler', 'schedule'),
    ('auto_scale_lr', 'schedule'),
)
# Where things are found, and how gradients of unused weights are awaited:
# configs of other backbones differ in it, and train the same.
_HARMLESS = ('custom_imports', 'default_scope', 'find_unused_parameters')
_SHOWN = 6  # keys of a group that a message lists


class Verdict(NamedTuple):
    """In what two arms differ.

    Attributes:
        pair: The two.
        compared: What is compared; empty if they do not differ at all.
        found: Differences by group, as ``key: value -> value``.
    """

    pair: Pair
    compared: str
    found: dict[str, list[str]]

    @property
    def also(self) -> list[str]:
        """Groups that differ, too, as somebody allowed."""
        return [group for group in self.found if group != self.compared]


def group_of(key: str) -> str:
    """What an entry of a config has its say in.

    Args:
        key: Dotted.

    Returns:
        One of :data:`GROUPS`.
    """
    for place, group in _PLACES:
        if key == place or key.startswith(f'{place}.'):
            return group
    return 'other'


def grouped_differences(one: Config, other: Config) -> dict[str, list[str]]:
    """Where two configs differ, sorted.

    Seeds, logging, checkpoints and workers of loaders do not count.

    Args:
        one: A resolved config.
        other: Another one.

    Returns:
        Lines ``key: value -> value`` by group, without empty groups.
    """
    found: dict[str, list[str]] = {}
    for line in differences(_content(one), _content(other)):
        group = group_of(line.partition(': ')[0])
        found.setdefault(group, []).append(line)
    return {group: found[group] for group in GROUPS if group in found}


def judge(
    pairs: Sequence[Pair],
    configs: Mapping[str, Config],
    compare: str | None = None,
    allow: Sequence[str] = (),
) -> list[Verdict]:
    """Say what is compared in each pair.

    Args:
        pairs: Arms that must differ in one thing only.
        configs: Resolved configs by name of the arm.
        compare: The group that is compared. Defaults to None: the only one
            in which a pair differs.
        allow: Groups in which arms may differ, too. Defaults to none.

    Raises:
        AnalysisError: If a pair differs in more than that, and in what.
    """
    verdicts, bad = [], []
    for pair in pairs:
        found = grouped_differences(
            configs[pair.before.name], configs[pair.after.name]
        )
        free = [group for group in found if group not in allow]
        if compare is not None:
            wrong = [group for group in free if group != compare]
            thing = compare if compare in found else next(iter(found), '')
        else:
            wrong = free if len(free) > 1 else []
            thing = (free or [*found, ''])[0]
        verdicts.append(Verdict(pair, thing, found))
        if wrong:
            bad.append((verdicts[-1], wrong))
    if bad:
        raise AnalysisError('\n'.join(_complaint(bad, compare)))
    return verdicts


def _content(config: Config) -> dict[str, Any]:
    content = {**training_part(config), **evaluation_part(config)}
    content = {k: v for k, v in content.items() if k not in _HARMLESS}
    # By type: a hook more must not make all behind it look different.
    hooks: dict[str, Any] = {}
    for hook in content.pop('custom_hooks', None) or ():
        name = str(hook['type'] if isinstance(hook, Mapping) else hook)
        while name in hooks:
            name += '+'
        hooks[name] = hook
    return _without_nothing({**content, 'custom_hooks': hooks})


def _without_nothing(value: Any) -> Any:
    """Entries of None say as much as no entry."""
    if not isinstance(value, dict):
        return value
    # Empty is not absent: ``down_stages=()`` is another network.
    return {k: _without_nothing(v) for k, v in value.items() if v is not None}


def _complaint(
    bad: Sequence[tuple[Verdict, list[str]]], compare: str | None
) -> Iterator[str]:
    verdict, wrong = bad[0]
    pair = verdict.pair
    if compare is None:
        why = f'they differ in {_listed(wrong)}, not in one thing alone'
    else:
        why = f'they differ in {_listed(wrong)}, not only in {compare}'
    yield (
        f'{pair.before.name!r} and {pair.after.name!r} cannot be compared: '
        f'{why}'
    )
    for group in wrong:
        lines = verdict.found[group]
        yield f'  {group}:'
        yield from (f'    {line}' for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield f'    and {len(lines) - _SHOWN} more'
    if len(bad) > 1:
        count = len(bad) - 1
        others = 'pair has' if count == 1 else 'pairs have'
        yield f'{count} other {others} such differences.'
    which = _listed(wrong) if compare else f'all but one of {_listed(wrong)}'
    yield (
        f'Make the configs alike; or name what may differ as well with '
        f'--allow ({which}), and the report says so'
    )


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f'{", ".join(most)} and {last}' if most else last
