"""The panel beside a prediction: what its class is confused with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ...visualization.rendering import Panel
from ..companions import Companions, Examples
from .errors import InferenceError
from .inputs import InputOptions
from .recipe import Recipe
from .streams import Stream


def beside_of(
    path: str, stream: Stream, names: Sequence[str]
) -> Callable[[int, str], Panel | None]:
    """What draws the class that a class is most confused with.

    Args:
        path: Annotation file or store with examples; opened once.
        stream: Whose checkpoint knows what is confused.
        names: Of all classes.

    Returns:
        Makes the panel beside a label and the name of a sequence.

    Raises:
        ValueError: If the checkpoint does not know it.
    """
    if stream.checkpoint is None:
        raise InferenceError(
            'beside needs a checkpoint, which knows what is confused.'
        )
    return partial(
        companion_panel,
        Companions(stream.checkpoint),
        Examples(path, InputOptions(layout=stream.recipe.layout)),
        stream.recipe,
        names,
    )


def companion_panel(
    companions: Companions,
    examples: Examples,
    recipe: Recipe,
    names: Sequence[str],
    label: int,
    not_called: str,
) -> Panel | None:
    """An example of the class that a class is most confused with.

    Args:
        companions: Knows which class that is.
        examples: Sequences to choose from.
        recipe: Of the model.
        names: Of all classes.
        label: The class.
        not_called: A sequence that is no example.

    Returns:
        None if the class is confused with none.
    """
    other = companions.of(label)
    if other is None:
        return None
    found = examples.of(other.label, not_called)
    kind = 'in its Motion Family' if other.member else 'closest class'
    return Panel(
        recipe.unfold(found.sample)['keypoint'],
        recipe.layout,
        names[other.label],
        f'{kind}, affinity {other.affinity:.2f}',
    )
