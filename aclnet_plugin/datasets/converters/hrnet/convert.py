"""Samples of HRNet tables, joined with skeletons that are kept elsewhere.

The table of Kinetics-400 has no key points. They are published in two ways:
one pickle per video, named after its ``frame_dir`` (MMAction2), or pickles
of many videos each, named by the ``raw_file`` of the table (PYSKL).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ....utils.shown import shown
from ...naming import sample_name
from ..outcomes import BadFile
from .pickle_files import PickleFiles

# What only a reader of the separate files needs.
_POINTERS = ('raw_file', 'key')


class Skeletons:
    """Finds the skeletons of a video in either layout.

    Args:
        files: Where they are.
    """

    def __init__(self, files: PickleFiles) -> None:
        self.files = files
        self._open: tuple[str, dict[str, Any]] = ('', {})

    def file_of(self, sample: Mapping[str, Any]) -> str | None:
        """Name of the file that has a sample's skeletons, if it is there."""
        own = f'{sample_name(sample)}.pkl'
        if own in self.files:
            return own
        shared = _shared_file(sample)
        return shared if shared in self.files else None

    def order(self, samples: Sequence[Mapping[str, Any]]) -> list[int]:
        """Places of the samples, those with a common file together."""
        first: dict[str | None, int] = {}
        keys = []
        for place, sample in enumerate(samples):
            file = self.file_of(sample)
            shared = file not in (None, f'{sample_name(sample)}.pkl')
            keys.append(first.setdefault(file, place) if shared else place)
        return sorted(range(len(samples)), key=lambda place: keys[place])

    def read(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """The skeletons of a sample.

        Args:
            sample: Its line of the table.

        Returns:
            ``keypoint`` and whatever else is stored with it.

        Raises:
            BadFile: If they are not there or damaged.
        """
        name = sample_name(sample)
        file = self.file_of(sample)
        if file is None:
            shared = _shared_file(sample)
            either = f' and no {shared}' if shared else ''
            raise BadFile(
                f'{self.files.source} has no {name}.pkl{either}, where the '
                f'skeletons of sample {shown(name)} should be. Unpack or '
                'fetch the archive again.'
            )
        if file == f'{name}.pkl':
            content = self.files.load(file)
        else:
            content = self._videos(file)
            if name not in content:
                raise BadFile(
                    f'{self.files.source}, {file}: there is no sample '
                    f'{shown(name)}, which the table expects there.'
                )
            content = content[name]
        if not isinstance(content, Mapping) or 'keypoint' not in content:
            raise BadFile(
                f'{self.files.source}, {file}: sample {shown(name)} has '
                f'{shown(content)} there; expected a dict with keypoint.'
            )
        return dict(content)

    def _videos(self, file: str) -> dict[str, Any]:
        """What a shared file holds, by video; the last one is kept."""
        if self._open[0] != file:
            self._open = ('', {})  # not two large files at a time
            content = self.files.load(file)
            if isinstance(content, list):
                lines = [one for one in content if isinstance(one, Mapping)]
                content = {sample_name(line): line for line in lines}
            videos = content if isinstance(content, Mapping) else {}
            self._open = (file, dict(videos))
        return self._open[1]


def _shared_file(sample: Mapping[str, Any]) -> str | None:
    raw_file = sample.get('raw_file')
    if not isinstance(raw_file, str) or not raw_file:
        return None
    return PurePosixPath(raw_file.replace('\\', '/')).name


def join(
    sample: Mapping[str, Any], skeletons: Skeletons | None
) -> dict[str, Any]:
    """A sample with its skeletons.

    Args:
        sample: A line of the table.
        skeletons: Where the skeletons are; ``None`` if the sample has them.

    Returns:
        A dict of its own.

    Raises:
        BadFile: See :meth:`Skeletons.read`.
    """
    joined = {k: v for k, v in sample.items() if k not in _POINTERS}
    if skeletons is not None:
        joined.update(skeletons.read(sample))
    return joined
