"""Who is compared with whom in re-identification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...utils.shown import shown
from .choices import as_choice, checked_topk, checked_unmatched
from .items import VIDEO


def _pair(probe: str, gallery: str) -> dict[str, dict[str, str]]:
    return {
        'probe': {'condition': probe},
        'gallery': {'condition': gallery},
    }


SETTINGS = {
    'N-N': _pair('nm', 'nm'),
    'B-B': _pair('bg', 'bg'),
    'C-C': _pair('cl', 'cl'),
    'C-N': _pair('cl', 'nm'),
    'B-N': _pair('bg', 'nm'),
}
"""Probe and gallery on CASIA-B: Normal, with a Bag, in other Clothes."""

AGGREGATE = (None, 'mean')


@dataclass(frozen=True)
class ReIDProtocol:
    """Who is compared with whom.

    Args:
        settings: ``probe`` and ``gallery`` by name of the setting, each
            with values by name of the metadata. Defaults to the five of
            CASIA-B.
        topk: Numbers k of the CMC. Defaults to ``(1, 5, 10)``.
        unmatched: ``'miss'`` counts a probe without a match as an error of
            the CMC, ``'skip'`` leaves it out; mAP always leaves it out.
            Defaults to ``'miss'``.
        exclude_same_sequence: Whether what is from the probe's own video is
            left out of its gallery. Defaults to False.
        aggregate: ``'mean'`` makes one item of a video's windows. Defaults
            to None: every window is on its own.

    Raises:
        ValueError: If there is no such protocol.
    """

    settings: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(
        default_factory=lambda: SETTINGS
    )
    topk: Sequence[int] = (1, 5, 10)
    unmatched: str = 'miss'
    exclude_same_sequence: bool = False
    aggregate: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.settings, Mapping) or not self.settings:
            raise ValueError(
                'settings is empty; expected dict(probe=..., gallery=...) by '
                'name.'
            )
        made = {}
        for name, setting in self.settings.items():
            if not isinstance(setting, Mapping) or set(setting) != {
                'probe',
                'gallery',
            }:
                raise ValueError(
                    f'settings[{name!r}] is {shown(setting)}; expected '
                    f'dict(probe=..., gallery=...).'
                )
            made[name] = {
                role: as_choice(f'settings[{name!r}][{role!r}]', setting[role])
                for role in ('probe', 'gallery')
            }
        object.__setattr__(self, 'settings', made)
        object.__setattr__(self, 'topk', checked_topk(self.topk))
        checked_unmatched(self.unmatched)
        if self.aggregate not in AGGREGATE:
            raise ValueError(
                f"aggregate is {shown(self.aggregate)}; expected 'mean' or "
                f'None.'
            )

    @property
    def keys(self) -> set[str]:
        """Names of the metadata that it needs."""
        keys = {'subject'}
        for setting in self.settings.values():
            keys = keys.union(setting['probe'], setting['gallery'])
        if self.exclude_same_sequence or self.aggregate:
            keys = keys.union(VIDEO)
        return keys
