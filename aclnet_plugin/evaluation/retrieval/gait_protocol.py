"""Who is compared with whom in gait recognition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .choices import (
    Choice,
    as_choice,
    checked_topk,
    checked_unmatched,
    checked_views,
)

GALLERY = {'condition': 'nm', 'seq': (1, 2, 3, 4)}
"""What everybody is known by on CASIA-B: the first four normal walks."""

PROBES = {
    'NM': {'condition': 'nm', 'seq': (5, 6)},
    'BG': {'condition': 'bg', 'seq': (1, 2)},
    'CL': {'condition': 'cl', 'seq': (1, 2)},
}
"""Who is to be recognised on CASIA-B: normal, with a bag, in a coat."""

VIEWS = tuple(range(0, 181, 18))
"""The camera views of CASIA-B, in degrees."""


@dataclass(frozen=True)
class GaitProtocol:
    """Who is compared with whom.

    Args:
        gallery: Values by name of the metadata. Defaults to CASIA-B's.
        probes: The same by name of the set of probes. Defaults to
            CASIA-B's.
        views: Values of ``view`` that take part; None for all there are.
            Defaults to CASIA-B's.
        topk: Numbers k of Rank-k. Defaults to ``(1,)``.
        unmatched: ``'miss'`` counts a probe whose identity the gallery of a
            view lacks as an error, ``'skip'`` leaves it out. Defaults to
            ``'miss'``.
        exclude_identical_view: Whether the gallery of the probe's own view
            is left out of the means. Defaults to True.

    Raises:
        ValueError: If there is no such protocol.
    """

    gallery: Mapping[str, Any] = field(default_factory=lambda: GALLERY)
    probes: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: PROBES
    )
    views: Sequence[int] | None = VIEWS
    topk: Sequence[int] = (1,)
    unmatched: str = 'miss'
    exclude_identical_view: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.probes, Mapping) or not self.probes:
            raise ValueError(
                'probes is empty; expected sets by name, such as dict(NM='
                "dict(condition='nm', seq=(5, 6)))."
            )
        probes = {
            name: as_choice(f'probes[{name!r}]', choice)
            for name, choice in self.probes.items()
        }
        object.__setattr__(self, 'probes', probes)
        gallery = as_choice('gallery', self.gallery)
        object.__setattr__(self, 'gallery', gallery)
        object.__setattr__(self, 'topk', checked_topk(self.topk))
        checked_unmatched(self.unmatched)
        object.__setattr__(self, 'views', checked_views(self.views))

    @property
    def keys(self) -> set[str]:
        """Names of the metadata that it needs."""
        choices: list[Choice] = [self.gallery, *self.probes.values()]
        return {'subject', 'view'}.union(*choices)
