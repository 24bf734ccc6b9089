"""A trained model as ONNX, by ``torch.export``."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from .onnx_errors import OnnxError
from .onnx_model import ClipModel, clip_model
from .onnx_sizes import AXES, ClipSizes, example_sizes

OPSET = 18


def export_onnx(
    model: nn.Module,
    sizes: ClipSizes,
    embedding: str | None = None,
    fixed: Collection[str] = (),
    opset: int = OPSET,
    about: Mapping[str, str] | None = None,
) -> bytes:
    """Export the evaluation of a model.

    One input ``keypoint`` ``(N, M, T, V, C)`` float32, clips of one stream;
    outputs ``scores`` ``(N, K)`` before the softmax and, if wanted,
    ``embedding`` ``(N, D)`` of unit length. What training alone needs is not
    in the file.

    Args:
        model: See :func:`~.onnx_model.clip_model`. It stays as it is.
        sizes: Sizes of the input. Those that are not fixed are examples.
        embedding: Kind of the second output. Defaults to None: no second.
        fixed: Those of :data:`~.onnx_sizes.AXES` that keep their size.
            Defaults to none.
        opset: Version of the operators. Defaults to 18.
        about: Metadata of the file. Defaults to None.

    Returns:
        The content of the file.

    Raises:
        ImportError: See :func:`need_packages`.
        OnnxError: If the model cannot be exported.
        ValueError: If a layer cannot be re-parameterised.
    """
    need_packages()
    part = clip_model(model, embedding)
    example = torch.zeros(example_sizes(sizes, fixed))
    dynamic = {
        place: axis for place, axis in enumerate(AXES) if axis not in fixed
    }
    outputs = ['scores'] if embedding is None else ['scores', 'embedding']
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                part,
                (example,),
                dynamo=True,
                dynamic_shapes={'keypoint': dynamic},
                input_names=['keypoint'],
                output_names=outputs,
                opset_version=opset,
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        # The exporter raises whatever its stages raise.
        raise OnnxError(_reason(error, fixed)) from error
    return _finished(program.model_proto, part, fixed, opset, about or {})


def need_packages() -> None:
    """Check that all packages are there, before the work begins.

    Raises:
        ImportError: If one is not; the message says what to install.
    """
    for name in ('onnx', 'onnxscript', 'onnxruntime'):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f'the export needs onnx, onnxscript and onnxruntime, of '
                f'which {name} cannot be imported ({error}): '
                f'pip install "aclnet_plugin[export]"'
            ) from error


def _finished(
    proto: Any,
    part: ClipModel,
    fixed: Collection[str],
    opset: int,
    about: Mapping[str, str],
) -> bytes:
    """Name the axes, add the metadata, leave out what is of this machine."""
    import onnx

    found = {item.domain: item.version for item in proto.opset_import}
    if found.get('') != opset:
        raise OnnxError(
            f'the model was exported with operators of version '
            f'{found.get("")} and cannot be converted to {opset}; choose '
            f'another --opset, or leave it out'
        )
    graph = proto.graph
    for node in [*graph.node, *(n for f in proto.functions for n in f.node)]:
        # Where in which source file an operation comes from.
        del node.metadata_props[:]
        node.ClearField('doc_string')
    for value in (*graph.value_info, *graph.input, *graph.output):
        del value.metadata_props[:]
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
    axes = graph.input[0].type.tensor_type.shape.dim
    for axis, dim in zip(AXES, axes, strict=False):
        if (axis in fixed) != dim.HasField('dim_value'):
            raise OnnxError(
                f'the exported model has {axis} '
                f'{"open" if axis in fixed else "fixed"}, unlike asked for'
            )
    onnx.helper.set_model_props(proto, dict(about))
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's own progress and deprecations to ourselves."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter('ignore')
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _reason(error: Exception, fixed: Collection[str]) -> str:
    """What the exporter complains about, in one or two lines."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    text = re.sub(r'\x1b\[[0-9;]*m', '', str(cause)).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = ' '.join(lines[:2]) or type(cause).__name__
    free = [axis for axis in AXES if axis not in fixed]
    advice = ''
    if free and re.search('dynamic|constraint|specializ', text, re.I):
        advice = f'; --fix {" ".join(free)} may help'
    return f'torch cannot export this model: {found[:400]}{advice}'
