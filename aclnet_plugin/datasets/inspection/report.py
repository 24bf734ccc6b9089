"""What a check of the data found: totals per split and problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

SEVERITIES = ('error', 'warning', 'info')


@dataclass(frozen=True)
class Problem:
    """One kind of fault in one split.

    Args:
        severity: ``'error'`` (the training would fail, or its accuracy would
            mean nothing), ``'warning'`` or ``'info'``.
        split: ``'train'``, ``'val'``, ``'test'`` or ``'model'``.
        file: Annotation file and split in it, empty if there is none.
        what: What is wrong and with which samples, as a sentence.
        mend: What to do about it, as a sentence.
    """

    severity: str
    split: str
    file: str
    what: str
    mend: str

    @property
    def where(self) -> str:
        """Split and file."""
        return f'{self.split} ({self.file})' if self.file else self.split

    def __str__(self) -> str:
        return f'{self.where}: {self.what} {self.mend}'


@dataclass(frozen=True)
class SplitSummary:
    """Totals of one split.

    Args:
        name: ``'train'``, ``'val'`` or ``'test'``.
        files: Annotation files, each with its split.
        sequences: Number of different sequences.
        drawn: Number of samples in an epoch, with the repeats of wrappers.
        class_counts: Class index to number of sequences.
        class_names: Names by class index, or empty.
        lengths: Number of frames to number of sequences.
        persons: Number of persons to number of sequences.
        joints: Number of joints to number of sequences.
        channels: Number of coordinates to number of sequences.
        dtypes: Data type to number of sequences.
        identity_counts: Label to number of sequences, where labels are
            those of persons that need not be classes of the head.
    """

    name: str
    files: tuple[str, ...]
    sequences: int
    drawn: int
    class_counts: Mapping[int, int] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    lengths: Mapping[int, int] = field(default_factory=dict)
    persons: Mapping[int, int] = field(default_factory=dict)
    joints: Mapping[int, int] = field(default_factory=dict)
    channels: Mapping[int, int] = field(default_factory=dict)
    dtypes: Mapping[str, int] = field(default_factory=dict)
    identity_counts: Mapping[int, int] = field(default_factory=dict)

    def length_range(self) -> tuple[int, float, int] | None:
        """Shortest, median and longest sequence in frames, if known."""
        if not self.lengths:
            return None
        frames = [n for n, times in self.lengths.items() for _ in range(times)]
        return min(frames), median(frames), max(frames)

    def __str__(self) -> str:
        parts = [count_of(self.sequences, 'sequence')]
        if self.drawn != self.sequences:
            parts[0] += f' ({self.drawn:,} with repeats)'
        for found, unit, units in (
            (self.class_counts, 'class', 'classes'),
            (self.identity_counts, 'identity', 'identities'),
        ):
            if found:
                counts = found.values()
                parts.append(
                    f'{count_of(len(counts), unit, units)} of '
                    f'{spread(min(counts), max(counts))}'
                )
        if self.lengths:
            low, middle, high = self.length_range()
            parts.append(f'{spread(low, high)} frames (median {middle:g})')
        for unit, found in (
            ('persons', self.persons),
            ('joints', self.joints),
            ('channels', self.channels),
        ):
            if found:
                most = max(found)
                unit = unit[:-1] if most == 1 else unit
                parts.append(f'{spread(min(found), most)} {unit}')
        return ', '.join([*parts, *sorted(self.dtypes)])


@dataclass(frozen=True)
class DataReport:
    """Result of :func:`~aclnet_plugin.datasets.inspection.inspect_data`."""

    splits: tuple[SplitSummary, ...]
    problems: tuple[Problem, ...]

    def of(self, *severities: str) -> list[Problem]:
        """Problems of these severities, the most severe first."""
        return [
            problem
            for severity in SEVERITIES
            for problem in self.problems
            if problem.severity == severity and severity in severities
        ]

    def lines(self) -> Iterator[str]:
        """A short text for a log: the totals, one line for each split."""
        for split in self.splits:
            yield f'Data, {split.name}: {split}'

    def raise_errors(self, show: int = 8) -> None:
        """Raise one ``ValueError`` that lists the errors, if there are any.

        Args:
            show: How many to list.

        Raises:
            ValueError: With split, file, samples and remedy of each.
        """
        errors = [str(problem) for problem in self.of('error')]
        if not errors:
            return
        listed = errors[:show]
        if len(errors) > show:
            listed.append(f'and {len(errors) - show} more errors.')
        raise ValueError(
            'The data does not fit this training:\n- ' + '\n- '.join(listed)
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything in built-in types, for JSON."""
        return asdict(self)


def count_of(number: int, unit: str, units: str | None = None) -> str:
    """A number with its unit, in the plural unless it is one."""
    return f'{number:,} {unit if number == 1 else units or unit + "s"}'


def spread(low: float, high: float) -> str:
    """A range, or one number if both ends are the same."""
    return f'{low:,}' if low == high else f'{low:,} to {high:,}'


def length_histogram(
    splits: Sequence[SplitSummary], bins: int = 10
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Sequences by their number of frames, in bins of equal width.

    Args:
        splits: The splits to compare.
        bins: Number of bins at most.

    Returns:
        First and last number of frames of each bin, and how many sequences
        each split has in it.
    """
    every = [frames for split in splits for frames in split.lengths]
    if not every:
        return []
    low, high = min(every), max(every)
    width = -(-(high - low + 1) // bins)
    found = []
    for first in range(low, high + 1, width):
        last = min(first + width - 1, high)
        counts = (
            sum(split.lengths.get(n, 0) for n in range(first, last + 1))
            for split in splits
        )
        found.append((first, last, tuple(counts)))
    return found
