"""What a backbone gives the head to compare samples by."""

from __future__ import annotations

RELATIONS = ('pooled', 'topology')
"""Of a backbone that learns a topology: its features alone, or these and the
topology that it finds in a sample."""


def check_relation(relation: str) -> str:
    """Return one of :data:`RELATIONS`.

    Args:
        relation: What a config says.

    Raises:
        ValueError: If it is none of them.
    """
    if relation not in RELATIONS:
        raise ValueError(
            f'relation must be one of {list(RELATIONS)}, got {relation!r}'
        )
    return relation
