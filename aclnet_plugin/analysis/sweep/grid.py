"""The settings of a sweep, from the command line or from a file."""

from __future__ import annotations

import argparse
import itertools
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config, DictAction
from mmengine.fileio import load

from ...utils.shown import shown
from ..errors import AnalysisError

_SUFFIXES = ('.json', '.yaml', '.yml', '.py')
# YAML 1.1 takes 1e-3, which has no point, for a text.
_EXPONENT = re.compile(r'[-+]?\d+(\.\d*)?[eE][-+]?\d+')


class Setting(NamedTuple):
    """One variant of the base config.

    Attributes:
        name: For tables and folders.
        options: Dotted keys and their values, as for ``--cfg-options``.
    """

    name: str
    options: dict[str, Any]


class Grid(NamedTuple):
    """What is compared.

    Attributes:
        settings: In the order in which they are told.
        axes: Values by key, if the settings are all combinations of them;
            empty if they have names of their own.
        title: For the picture; may be empty.
    """

    settings: list[Setting]
    axes: dict[str, list[Any]]
    title: str = ''


def parse_axes(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Read ``KEY=VALUE,VALUE,...``; brackets keep commas together.

    Args:
        texts: One for each key.

    Raises:
        AnalysisError: If one cannot be read, or a key comes twice.
    """
    axes: dict[str, list[Any]] = {}
    for text in texts:
        key, sign, values = text.partition('=')
        if not key or not sign or not values:
            raise AnalysisError(
                f'--grid {shown(text)} is not KEY=VALUE,VALUE,...'
            )
        if key in axes:
            raise AnalysisError(f'--grid has {key} twice')
        # The values are read as --cfg-options would read each of them.
        reader = argparse.ArgumentParser()
        reader.add_argument('--one', nargs='+', action=DictAction)
        try:
            read = reader.parse_args(['--one', f'{key}=[{values}]'])
        except AssertionError as error:
            raise AnalysisError(f'--grid {shown(text)}: {error}') from error
        axes[key] = read.one[key]
    return axes


def full_grid(axes: Mapping[str, Sequence[Any]], title: str = '') -> Grid:
    """All combinations; the last key varies fastest.

    Args:
        axes: Values by key.
        title: For the picture. Defaults to none.

    Raises:
        AnalysisError: If a key has no values, or one of them twice.
    """
    if not axes:
        raise AnalysisError('the grid has no key')
    for key, values in axes.items():
        if not isinstance(values, list | tuple) or not values:
            raise AnalysisError(f'{key} needs a list of values')
        names = [show_value(value) for value in values]
        for name in names:
            if names.count(name) > 1:
                raise AnalysisError(f'{key} has the value {name} twice')
    shorts = short_names(list(axes))
    settings = []
    for combination in itertools.product(*axes.values()):
        options = dict(zip(axes, combination, strict=True))
        name = ', '.join(
            f'{shorts[key]}={show_value(value)}'
            for key, value in options.items()
        )
        settings.append(Setting(name, options))
    return Grid(settings, {k: list(v) for k, v in axes.items()}, title)


def read_grid(path: str | os.PathLike[str]) -> Grid:
    """Read a grid file.

    It has ``grid``, a mapping of keys to lists of values, or ``settings``, a
    list of entries with ``name`` and ``options``; and a ``title`` if wanted.

    Args:
        path: A JSON, YAML or Python file.

    Raises:
        AnalysisError: If it cannot be read, or is none.
    """
    path = Path(path)
    if path.suffix not in _SUFFIXES:
        raise AnalysisError(
            f'{path} is no grid file; it has to end with '
            f'{", ".join(_SUFFIXES)}'
        )
    try:
        if path.suffix == '.py':
            content = Config.fromfile(path).to_dict()
        else:
            content = load(path)
    except Exception as error:
        # A Python file can do anything, and parsers have errors of their own.
        raise AnalysisError(
            f'{path} cannot be read: {type(error).__name__}: {error}'
        ) from error
    if not isinstance(content, Mapping):
        raise AnalysisError(f'{path} has no mapping at the top')
    if path.suffix != '.json':
        content = _numbers(content)
    title = str(content.get('title', ''))
    if ('grid' in content) == ('settings' in content):
        raise AnalysisError(
            f"{path} needs either 'grid' (values by key) or 'settings' (each "
            f'with name and options)'
        )
    try:
        if 'grid' in content:
            if not isinstance(content['grid'], Mapping):
                raise AnalysisError("'grid' is no mapping of keys to lists")
            return full_grid(content['grid'], title)
        return Grid(_named(content['settings']), {}, title)
    except AnalysisError as error:
        raise AnalysisError(f'{path}: {error}') from error


def _named(entries: Any) -> list[Setting]:
    if not isinstance(entries, list) or not entries:
        raise AnalysisError("'settings' is no list")
    settings: list[Setting] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping) or 'name' not in entry:
            raise AnalysisError(f'setting {number} has no name')
        unknown = set(entry) - {'name', 'options'}
        if unknown:
            raise AnalysisError(
                f'setting {entry["name"]!r} has {sorted(unknown)}; known are '
                f'name and options'
            )
        options = entry.get('options') or {}
        if not isinstance(options, Mapping):
            raise AnalysisError(
                f'the options of setting {entry["name"]!r} are no mapping'
            )
        if any(str(entry['name']) == one.name for one in settings):
            raise AnalysisError(f'there are two settings {entry["name"]!r}')
        settings.append(Setting(str(entry['name']), dict(options)))
    return settings


def _numbers(content: Any) -> Any:
    """Texts such as 1e-3 as the numbers they are meant to be."""
    if isinstance(content, Mapping):
        return {key: _numbers(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_numbers(value) for value in content]
    if isinstance(content, str) and _EXPONENT.fullmatch(content):
        return float(content)
    return content


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The shortest ends of dotted keys that tell them apart.

    Args:
        keys: Distinct.
    """
    parts = {key: key.split('.') for key in keys}
    length = 1
    while True:
        names = {key: '.'.join(part[-length:]) for key, part in parts.items()}
        if len(set(names.values())) == len(keys):
            return names
        length += 1


def show_value(value: Any) -> str:
    """A value in few characters.

    Args:
        value: Of an option.
    """
    if isinstance(value, list | tuple):
        return f'({", ".join(show_value(one) for one in value)})'
    if isinstance(value, float):
        return f'{value:g}'
    return str(value)
