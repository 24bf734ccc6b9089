"""The inferencer: everything else in this package, in the host's order."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from mmaction.registry import INFERENCERS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import Progress
from torch import nn

from .configs import class_names, config_of, device_of
from .errors import InferenceError
from .fusing import check_together, weights_of
from .inputs import InputOptions, find_sources
from .inputs.video import make_pose_model
from .jobs import Job, Task, finished, prepare, run
from .report import raise_if_failed, report
from .results import Prediction
from .streams import Stream, load_stream
from .windows import WindowPlan

_PLAN = {one.name for one in fields(WindowPlan)}
_INPUT = {'split', 'names', 'image_size', 'missing', 'max_persons'}


@INFERENCERS.register_module()
class ACLInferencer(BaseInferencer):
    """Recognises actions in skeletons, with one trained model or several.

    Inputs go through the test pipeline of the config, so that a result is
    that of ``tools/test.py``. An input is one of, or a list of

    - an array ``(M, T, V, C)`` or ``(T, V, C)``; for 2D skeletons the third
      channel is a score;
    - an annotation, a dict with ``keypoint``;
    - an annotation pickle or a store (``split``, ``names`` choose some);
    - a file of key points, ``.npy``, ``.npz``, ``.json`` or ``.csv``, as
      ``tools/data/arrays.py`` reads them, or a folder of these;
    - a folder of OpenPose's ``*_keypoints.json``;
    - a video, if ``rtmlib`` is installed (``aclnet_plugin[pose]``).

    Args:
        model: Config, or its file.
        weights: Checkpoint; read as data only. Defaults to None: random.
        device: Defaults to None: a GPU if there is one.
        scope: Scope of the registries. Defaults to ``'mmaction'``.
        show_progress: Whether there is a progress bar, on a terminal.
            Defaults to True.
        others: ``(config, checkpoint)`` of more models, whose scores are
            fused with those of the first. Defaults to ().
        fusion_weights: One for each model. Defaults to None: 2 for joints
            and bones and 1 for their motion, or equal ones.
        classes: Names of the classes, a list or a file (text with one a
            line, or an annotation pickle). Defaults to None: those of the
            checkpoint.
        reparameterize: Whether models are folded into a faster form.
            Defaults to False.
        pose_mode: ``'lightweight'``, ``'balanced'`` or ``'performance'``,
            for videos. Defaults to ``'balanced'``.

    Raises:
        InferenceError: If config, checkpoint or several models do not fit.

    Examples:
        >>> infer = ACLInferencer('config.py', 'epoch_16.pth')
        >>> infer(array)['predictions'][0]['name']
        'drink'
        >>> infer(array, window=64)['predictions'][0]['segments']
        [{'start': 0, 'end': 90, 'label': 0, 'name': 'drink', ...}]
    """

    preprocess_kwargs: set = _PLAN | _INPUT | {'per_person'}
    forward_kwargs: set = set()
    visualize_kwargs: set = {
        *('vis_out', 'vis_format', 'azimuth', 'elevation', 'up', 'beside'),
        *('vis_fps', 'vis_step'),
    }
    postprocess_kwargs: set = {'top', 'full_scores', 'on_error'}

    def __init__(
        self,
        model: Any,
        weights: str | os.PathLike[str] | None = None,
        device: str | torch.device | None = None,
        scope: str = 'mmaction',
        show_progress: bool = True,
        others: Sequence[tuple[Any, str | os.PathLike[str]]] = (),
        fusion_weights: Sequence[float] | None = None,
        classes: Sequence[str] | str | os.PathLike[str] | None = None,
        reparameterize: bool = False,
        pose_mode: str = 'balanced',
    ) -> None:
        init_default_scope(scope)
        self.device = device_of(device)
        self.reparameterize = reparameterize
        self.pose_mode = pose_mode
        self.streams: list[Stream] = []
        cfg, self._origin = config_of(model)
        super().__init__(cfg, weights, self.device, scope, show_progress)
        for config, checkpoint in others:
            cfg, self._origin = config_of(config)
            self._init_model(cfg, checkpoint, self.device)
        check_together(self.streams)
        self.fusion_weights = weights_of(self.streams, fusion_weights)
        self.classes = class_names(classes, self.streams)

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Recognise.

        Args:
            inputs: See the class.
            return_datasamples: Whether predictions are of
                ``ActionDataSample`` instead of plain Python: one for each
                input, or with ``window`` or ``per_person`` a list of those
                of its pieces. Defaults to False.
            batch_size: Pieces at once. Defaults to 1.
            **kwargs: ``split``, ``names`` (of annotation files),
                ``image_size``, ``missing``, ``max_persons``: see
                :class:`~.inputs.InputOptions`. ``window``, ``stride``,
                ``smooth``, ``smooth_size``, ``min_length``, ``min_score``:
                see :class:`~.windows.WindowPlan`. ``per_person``: one result
                for each person. ``top``: how many classes are told (5).
                ``full_scores``: tell the scores of all. ``on_error``:
                ``'raise'``, after all other inputs are done, or ``'skip'``,
                an entry with the key ``error``. ``vis_out`` and others: see
                :meth:`visualize`.

        Returns:
            ``predictions``, one for each sequence, and ``visualization``,
            the files that were drawn.

        Raises:
            InferenceError: If an argument is wrong.
            PartlyFailed: If an input is, unless ``on_error='skip'``; it
                carries the results of the others.
        """
        before, _, drawing, after = self._dispatch_kwargs(**kwargs)
        _check_call(batch_size, after)
        chosen = {k: v for k, v in before.items() if k in _INPUT}
        plan = WindowPlan(**{k: v for k, v in before.items() if k in _PLAN})
        tasks = self._inputs_to_list(inputs, **chosen)
        if drawing.get('vis_out') is not None:
            self._prepare_drawing(len(tasks), drawing)
        hidden = not self.show_progress or not sys.stderr.isatty()
        with Progress(
            console=Console(stderr=True), disable=hidden, transient=True
        ) as bar:
            shown = bar.add_task('recognising', total=len(tasks))

            def more(count: int) -> None:
                bar.update(shown, total=bar.tasks[shown].total + count)

            for jobs in self.preprocess(
                tasks,
                batch_size,
                plan,
                before.get('per_person', False),
                bool(drawing.get('vis_out')),
                more,
            ):
                self.forward(jobs)
                bar.advance(shown, len(jobs) or 1)
        found = [finished(task) for task in tasks]
        pictures = self.visualize(tasks, found, plan=plan, **drawing)
        return self.postprocess(
            found, pictures, return_datasamples, plan=plan, **after
        )

    def _inputs_to_list(self, inputs: Any, **chosen: Any) -> list[Task]:
        """Find out what is to be read, without reading it."""
        recipe = self.streams[0].recipe
        options = InputOptions(
            layout=recipe.layout,
            needs_image_size=any(
                stream.recipe.needs_image_size for stream in self.streams
            ),
            make_pose_model=lambda: self._pose_model,
            **chosen,
        )
        return [
            Task(source, Prediction(source.name))
            for source in find_sources(inputs, options)
        ]

    def preprocess(
        self,
        inputs: Sequence[Task],
        batch_size: int = 1,
        plan: WindowPlan | None = None,
        per_person: bool = False,
        keep: bool = False,
        more: Callable[[int], None] = lambda count: None,
    ) -> Iterator[list[Job]]:
        """Read the inputs, cut them and apply the pipelines.

        Args:
            inputs: Of :meth:`_inputs_to_list`.
            batch_size: Pieces at once. Defaults to 1.
            plan: How long sequences are cut. Defaults to None: not at all.
            per_person: Whether persons are seen alone. Defaults to False.
            keep: Whether sequences are kept for pictures. Defaults to False.
            more: Told how many more pieces than inputs there are.

        Yields:
            Up to ``batch_size`` jobs; none for an input that failed.
        """
        yield from prepare(
            inputs,
            self.streams,
            batch_size,
            plan or WindowPlan(),
            per_person,
            keep,
            more,
        )

    def forward(self, inputs: list[Job], **kwargs: Any) -> list[Job]:
        """Run the models and fuse their scores.

        Args:
            inputs: Of :meth:`preprocess`; changed in place.
            **kwargs: None are known.

        Returns:
            The same, those that could be used with scores.
        """
        run(inputs, self.streams, self.fusion_weights)
        return inputs

    def visualize(
        self,
        inputs: Sequence[Task],
        preds: Sequence[Prediction],
        show: bool = False,
        plan: WindowPlan | None = None,
        vis_out: str | os.PathLike[str] | None = None,
        beside: Callable[[int, str], Any] | None = None,
        **style: Any,
    ) -> list[str | None]:
        """Draw the sequences with what was found in them.

        Args:
            inputs: Not used.
            preds: Of which pictures are made.
            show: Not supported: pictures go to files.
            plan: How sequences were cut.
            vis_out: A file (.gif, .mp4 or .png) for one input, a folder for
                several. Defaults to None: no pictures.
            beside: Makes the panel beside that of a label and a sequence.
                In a call it is an annotation file or store, from which an
                example is shown of the class that the predicted one is most
                confused with, by the families of the first checkpoint.
                Defaults to None.
            **style: ``vis_format``, ``azimuth``, ``elevation``, ``up``,
                ``vis_fps`` and ``vis_step``; see
                :class:`~.pictures.PictureStyle`.

        Returns:
            The file of each prediction, None where there is none.
        """
        if vis_out is None:
            return [None] * len(preds)
        from .pictures import PictureStyle, draw_predictions

        return draw_predictions(
            preds,
            Path(vis_out),
            self.streams[0].recipe.layout,
            self.classes,
            plan or WindowPlan(),
            PictureStyle(**style),
            beside,
        )

    def _prepare_drawing(self, count: int, drawing: dict[str, Any]) -> None:
        """Find out what cannot be drawn before anything is computed."""
        from .pictures import PictureStyle, check_drawing

        apart = ('vis_out', 'beside')
        style = {k: v for k, v in drawing.items() if k not in apart}
        check_drawing(
            Path(drawing['vis_out']),
            count,
            self.streams[0].recipe.layout,
            PictureStyle(**style),
        )
        if drawing.get('beside') is not None:
            from .beside import beside_of

            path = os.fspath(drawing['beside'])
            drawing['beside'] = beside_of(path, self.streams[0], self.classes)

    def postprocess(
        self,
        preds: Sequence[Prediction],
        visualization: list[str | None],
        return_datasamples: bool = False,
        plan: WindowPlan | None = None,
        top: int = 5,
        full_scores: bool = False,
        on_error: str = 'raise',
    ) -> dict[str, Any]:
        """Turn predictions into plain Python, or data samples.

        Args:
            preds: The predictions.
            visualization: Of :meth:`visualize`.
            return_datasamples: See :meth:`__call__`.
            plan: How sequences were cut.
            top: How many classes are told. Defaults to 5.
            full_scores: Whether all scores are told. Defaults to False.
            on_error: ``'raise'`` or ``'skip'``. Defaults to ``'raise'``.

        Raises:
            PartlyFailed: See :meth:`__call__`.
        """
        results = report(
            preds,
            visualization,
            self.classes,
            plan or WindowPlan(),
            return_datasamples,
            top,
            full_scores,
        )
        if on_error == 'raise':
            raise_if_failed(preds, results)
        return results

    def _init_model(
        self, cfg: Config, weights: Any, device: Any = 'cpu'
    ) -> nn.Module:
        """Load a stream; the base class calls this for the first."""
        stream = load_stream(
            cfg, weights, device, self.reparameterize, self._origin
        )
        self.streams.append(stream)
        return stream.model

    def _init_pipeline(self, cfg: Config) -> Callable:
        return self.streams[0].recipe.pack

    def _init_collate(self, cfg: Config) -> Callable:
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        """No visualizer of the host, which draws videos only."""

    @cached_property
    def _pose_model(self) -> Any:
        return make_pose_model(self.pose_mode, str(self.device))


def _check_call(batch_size: Any, after: dict[str, Any]) -> None:
    on_error = after.get('on_error', 'raise')
    if on_error not in ('raise', 'skip'):
        raise InferenceError(
            f"on_error must be 'raise' or 'skip', got {on_error!r}."
        )
    numbers = {'batch_size': batch_size, 'top': after.get('top', 5)}
    for name, value in numbers.items():
        if not isinstance(value, int) or value < 1:
            raise InferenceError(
                f'{name} must be a whole number above 0, got {value!r}.'
            )
