"""What is compared with what."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import AnalysisError
from ..sweep.grid import Setting


class Arm(NamedTuple):
    """One of the things that are compared.

    Attributes:
        name: For tables and folders.
        group: Name of its config, if settings are compared within configs;
            else empty.
        setting: What it is within its group.
        config: The config file.
        options: Dotted keys and values that change it.
    """

    name: str
    group: str
    setting: str
    config: Path
    options: dict[str, Any]


class Pair(NamedTuple):
    """Two arms; differences are those of ``after`` against ``before``."""

    before: Arm
    after: Arm

    @property
    def title(self) -> str:
        """Both names."""
        return f'{self.after.name} against {self.before.name}'


def parse_arms(texts: Sequence[str]) -> list[tuple[str, Path]]:
    """Read ``NAME=CONFIG`` or ``CONFIG``, which is named like its file.

    Args:
        texts: One for each arm.

    Raises:
        AnalysisError: If a file is missing, or a name comes twice.
    """
    found: list[tuple[str, Path]] = []
    for text in texts:
        name, sign, path = text.partition('=')
        if Path(text).is_file() or not sign:
            name, path = Path(text).stem, text
        if not name.strip() or not Path(path).is_file():
            raise AnalysisError(
                f'--arms {text}: there is no config file {path!r}; an arm is '
                f'NAME=CONFIG or CONFIG'
            )
        if any(name == other for other, _ in found):
            raise AnalysisError(
                f'--arms has {name!r} twice; give each a name: NAME=CONFIG'
            )
        found.append((name, Path(path)))
    return found


def make_arms(
    configs: Sequence[tuple[str, Path]], settings: Sequence[Setting] = ()
) -> list[Arm]:
    """All configs, each in all settings.

    Args:
        configs: Names and files.
        settings: What each config is varied in. Defaults to none: the
            configs themselves are compared.

    Raises:
        AnalysisError: If that are fewer than two.
    """
    if not settings:
        arms = [Arm(name, '', name, path, {}) for name, path in configs]
    else:
        several = len(configs) > 1
        arms = [
            Arm(
                f'{name}: {one.name}' if several else one.name,
                name if several else '',
                one.name,
                path,
                dict(one.options),
            )
            for name, path in configs
            for one in settings
        ]
    if len(arms) < 2:
        raise AnalysisError(
            'there is one arm; give two configs to --arms, or --grid-file '
            'with settings of one'
        )
    return arms


def choose(settings: Sequence[Setting], names: Sequence[str]) -> list[Setting]:
    """Some settings, in the order in which they are named.

    Args:
        settings: Those of a file.
        names: The wanted ones; none for all.

    Raises:
        AnalysisError: If there is no such setting.
    """
    by_name = {one.name: one for one in settings}
    for name in names:
        if name not in by_name:
            raise AnalysisError(_unknown('setting', name, list(by_name)))
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


def compared_pairs(arms: Sequence[Arm], baseline: str | None) -> list[Pair]:
    """What is told: everything against the baseline of its group.

    With settings of several configs, each setting is also compared with
    itself under the first config.

    Args:
        arms: All of them.
        baseline: The setting, or arm, that others are compared with; None
            for the first one.

    Raises:
        AnalysisError: If there is no such one.
    """
    names = list(dict.fromkeys(arm.setting for arm in arms))
    baseline = baseline or names[0]
    if baseline not in names:
        raise AnalysisError(_unknown('--baseline', baseline, names))
    pairs = []
    for group in dict.fromkeys(arm.group for arm in arms):
        mine = [arm for arm in arms if arm.group == group]
        (base,) = (arm for arm in mine if arm.setting == baseline)
        pairs += [Pair(base, arm) for arm in mine if arm is not base]
    first = {a.setting: a for a in arms if a.group == arms[0].group}
    pairs += [
        Pair(first[arm.setting], arm)
        for arm in arms
        if arm.group != arms[0].group
    ]
    return pairs


def related_pairs(arms: Sequence[Arm]) -> list[Pair]:
    """Pairs that may differ in one thing only.

    Those of one group, or of one setting in two groups.

    Args:
        arms: All of them.
    """
    return [
        Pair(one, other)
        for one, other in itertools.combinations(arms, 2)
        if one.group == other.group or one.setting == other.setting
    ]


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    hint = f'did you mean {near[0]!r}?' if near else f'there are {known}'
    return f'there is no {what} {name!r}; {hint}'
