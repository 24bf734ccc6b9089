"""From a work folder to the text of a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..class_names import names_for
from ..errors import AnalysisError
from ..learned_state import pick_state, read_checkpoint
from . import sections
from .page import Section, render
from .work_dir import WorkDir, look_into, read_predictions


def report(path: Path, classes: Path | None = None) -> str:
    """A page about a training.

    Args:
        path: Its work folder.
        classes: File of class names. Defaults to None: those of the
            checkpoint, else the indices.

    Raises:
        AnalysisError: If there is nothing to tell, or the checkpoint or the
            file of class names cannot be used.
    """
    found = look_into(path)
    parts = list(_parts(found, classes))
    name = path.resolve().name
    return render(
        f'{name}: report',
        'Made from the files of one training. Everything is in this page; '
        'it loads nothing.',
        parts,
    )


def _parts(found: WorkDir, classes: Path | None) -> Iterator[Section]:
    state, meta = {}, {}
    if found.checkpoint is not None:
        state, meta = read_checkpoint(found.checkpoint)
    yield sections.summary(found, meta)
    curves = sections.curves(found)
    if curves is not None:
        yield curves
    names = None
    try:
        learned = pick_state(state, meta, found.checkpoint or found.path)
    except AnalysisError as error:
        yield Section('Confusions and Motion Families', [f'None: {error}.'])
    else:
        names = names_for(classes, learned.names, len(learned.counts))
        yield sections.families(learned, names)
    good, bad = read_predictions(found)
    for one in good:
        total = one.scores.shape[1]
        own = names
        if names is None or len(names) != total:
            own = names_for(None, None, total)
        yield sections.predictions(one, own)
    for folder in found.outputs:
        yield sections.output(folder, found.path)
    if bad:
        yield Section('Left out', bad)
