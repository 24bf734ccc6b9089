"""Metrics that a test run of MMEngine leaves in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path


def read_metrics(path: Path) -> dict[str, float]:
    """Metrics in a file, by names such as ``acc/top1``.

    Args:
        path: A JSON file of a Runner.

    Returns:
        Nothing for a file of another kind: a log of a training has one
        object a line.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        key: float(value)
        for key, value in content.items()
        if '/' in key
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
    }
