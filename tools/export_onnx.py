r"""Write a trained model as ONNX: CONFIG CHECKPOINT --out MODEL.onnx [flags].

For example, the model that was best in validation, and one for retrieval::

    python tools/export_onnx.py CONFIG work_dirs/x/best_acc_top1_epoch_40.pth \
        --out model.onnx
    python tools/export_onnx.py CONFIG work_dirs/x/epoch_150.pth \
        --out gait.onnx --embedding concat

The file takes clips (N, M, T, V, C), any number of clips, persons and frames
unless --fix says otherwise, and gives scores before the softmax. It is
compared with the checkpoint before it is written, on random skeletons and on
the test set of the config if that is there. demo/run_onnx.py runs it with
NumPy and ONNX Runtime alone; docs/export.md has the details.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)
from _flags import add_cfg_options, add_classes
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console

from aclnet_plugin.analysis.class_names import load_names
from aclnet_plugin.datasets.downloads.checksums import digests_of
from aclnet_plugin.evaluation.embeddings import build_dataset
from aclnet_plugin.evaluation.embeddings.samples import innermost
from aclnet_plugin.models.deploy.onnx_check import (
    compare,
    open_session,
    random_clips,
)
from aclnet_plugin.models.deploy.onnx_checkpoint import load_trained
from aclnet_plugin.models.deploy.onnx_errors import OnnxError
from aclnet_plugin.models.deploy.onnx_export import (
    OPSET,
    export_onnx,
    need_packages,
)
from aclnet_plugin.models.deploy.onnx_metadata import (
    InputRules,
    describe,
    layout_of,
    read_input_rules,
)
from aclnet_plugin.models.deploy.onnx_sizes import (
    AXES,
    ClipSizes,
    fixed_by_model,
    input_of,
    other_sizes,
    persons_of,
)
from aclnet_plugin.models.heads import EMBEDDINGS
from aclnet_plugin.utils.arguments import (
    make_parser,
    number_above_0,
    whole_from,
)
from aclnet_plugin.utils.atomic import atomic_writer


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint file')
    parser.add_argument(
        '--out',
        '--output-file',
        '--output_file',
        type=Path,
        required=True,
        metavar='MODEL.onnx',
        help='file to write',
    )
    parser.add_argument(
        '--embedding',
        choices=EMBEDDINGS,
        help='a second output, unit vectors to compare sequences by. '
        'Defaults to none',
    )
    parser.add_argument(
        '--fix',
        nargs='+',
        choices=AXES,
        default=[],
        metavar='AXIS',
        help=f'sizes to build in, of {", ".join(AXES)}; some runtimes need '
        f'it. A fixed batch is 1',
    )
    parser.add_argument(
        '--num-frames',
        '--num_frames',
        type=number_above_0,
        metavar='T',
        help='frames of a clip. Defaults to what the test pipeline takes',
    )
    parser.add_argument(
        '--num-person',
        '--num_person',
        type=number_above_0,
        metavar='M',
        help='persons of a clip. Defaults to what the test pipeline takes',
    )
    parser.add_argument(
        '--opset',
        '--opset-version',
        type=whole_from(18),
        default=OPSET,
        metavar='N',
        help=f'version of the operators, from 18 on. Defaults to {OPSET}',
    )
    add_classes(parser, 'names in the checkpoint or the test set')
    parser.add_argument(
        '--samples',
        type=whole_from(0),
        default=4,
        metavar='N',
        help='sequences of the test set to compare with. Defaults to 4',
    )
    add_cfg_options(
        parser, example='test_dataloader.dataset.ann_file=data/other.pkl'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an existing file'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress')
    return parser.parse_args(argv)


def test_set(cfg: Config) -> Any | None:
    """The data set that the config tests on, None if it is not here.

    Args:
        cfg: The config.

    Raises:
        ValueError: If it is here, but cannot be used.
    """
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    if not loader or not loader.get('dataset'):
        return None
    inner = innermost(loader)
    ann_file = Path(inner.get('data_root') or '', inner.get('ann_file') or '')
    if not inner.get('ann_file') or not ann_file.exists():
        return None
    return build_dataset(cfg)[0]


def names_of(
    args: argparse.Namespace, meta: dict, dataset: Any, total: int
) -> list[str] | None:
    """Class names, if anything knows them.

    Args:
        args: The command line.
        meta: Of the checkpoint.
        dataset: The test set, or None.
        total: How many classes there are.
    """
    if args.classes is not None:
        return load_names(args.classes, total)
    for known in (meta.get('dataset_meta'), getattr(dataset, 'metainfo', {})):
        names = (known or {}).get('classes')
        if isinstance(names, (list, tuple)) and len(names) == total:
            return [str(name) for name in names]
    return None


def sizes_of(
    args: argparse.Namespace, model: torch.nn.Module, rules: InputRules
) -> ClipSizes:
    """Sizes of the input.

    Args:
        args: The command line.
        model: The trained model.
        rules: What the pipeline does.

    Raises:
        OnnxError: If one is unknown or does not fit the model.
    """
    joints, channels = input_of(model.backbone)
    frames = args.num_frames or rules.clip_len
    if frames is None:
        raise OnnxError(
            'the test pipeline of the config does not tell the number of '
            'frames; give it with --num-frames'
        )
    built_in = persons_of(model.backbone, joints, channels)
    persons = args.num_person or built_in or rules.num_person or 2
    if built_in not in (None, persons):
        raise OnnxError(
            f'--num-person {persons} does not fit the model, which is built '
            f'for {built_in} persons'
        )
    return ClipSizes(1, persons, frames, joints, channels)


def run(args: argparse.Namespace) -> list[str]:
    """Export, compare and write.

    Args:
        args: The command line.

    Returns:
        What there is to say.
    """
    if args.out.suffix != '.onnx':
        raise OnnxError(f'{args.out} must end in .onnx')
    if args.out.exists() and not args.overwrite:
        raise OnnxError(f'{args.out} exists; use --overwrite to replace it')
    need_packages()
    MMLogger.get_current_instance().setLevel('WARNING')
    cfg = read_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    console = Console(stderr=True)
    with console.status('reading') as status:
        if args.quiet or not console.is_terminal:
            status.stop()
        model, meta = load_trained(cfg, args.checkpoint, args.embedding)
        dataset = test_set(cfg) if args.samples else None
        layout = getattr(model.backbone, 'layout', None)
        layout = layout or layout_of(cfg.model.get('backbone') or {})
        rules = read_input_rules(cfg, layout)
        sizes = sizes_of(args, model, rules)
        reasons = fixed_by_model(model.backbone)
        fixed = [axis for axis in AXES if axis in {*args.fix, *reasons}]
        names = names_of(args, meta, dataset, model.cls_head.num_classes)
        rules = rules._replace(clip_len=sizes.frames, num_person=sizes.persons)
        about = describe(
            cfg,
            rules,
            layout,
            names,
            config=Path(args.config).name,
            checkpoint=args.checkpoint.name,
            checkpoint_sha256=digests_of(args.checkpoint)['sha256'],
            embedding=args.embedding,
        )
        status.update('exporting')
        content = export_onnx(
            model, sizes, args.embedding, fixed, args.opset, about
        )
        status.update('comparing')
        said = check(args, model, dataset, sizes, fixed, content)
        with atomic_writer(args.out) as file:
            file.write(content)
    open_axes = [axis for axis in AXES if axis not in fixed]
    shape = [
        str(size) if axis in fixed else axis
        for axis, size in zip(AXES, sizes, strict=False)
    ]
    if names is None:
        said.append('no class names are known; give them with --classes.')
    return [
        f'keypoint ({", ".join(shape)}, {sizes.joints}, {sizes.channels}); '
        f'open: {", ".join(open_axes) or "nothing"}',
        *(f'{axis} fixed: {why}.' for axis, why in reasons.items()),
        *said,
        *(
            ['no class names are known; give them with --classes.']
            * (not names)
        ),
        f'{len(content) / 1e6:.2f} MB written to {args.out}',
    ]


def check(
    args: argparse.Namespace,
    model: torch.nn.Module,
    dataset: Any,
    sizes: ClipSizes,
    fixed: Sequence[str],
    content: bytes,
) -> list[str]:
    """Compare with the model as it was trained; returns what was found."""
    session = open_session(content, torch.get_num_threads())
    random = (random_clips(size) for size in other_sizes(sizes, fixed))
    found = compare(session, model, random, args.embedding)
    said = [
        f'{found.inputs} random inputs: largest difference {found.error:.1e}'
    ]
    clips = real_clips(dataset, args.samples) if dataset else []
    if 'batch' in fixed:
        clips = [clip for batch in clips for clip in batch.split(1)]
    misfits = {
        f'{axis} {batch.shape[place]}'
        for batch in clips
        for place, axis in enumerate(AXES)
        if axis in fixed and batch.shape[place] != sizes[place]
    }
    if misfits:
        why = f' (its pipeline makes {", ".join(sorted(misfits))})'
    elif not clips:
        why = ''
    else:
        found = compare(session, model, clips, args.embedding)
        return [
            *said,
            f'{found.inputs} inputs of the test set: largest difference '
            f'{found.error:.1e}',
        ]
    return [*said, f'no sequence of the test set was compared{why}.']


def real_clips(dataset: Any, samples: int) -> list[torch.Tensor]:
    """Clips of some sequences of a test set, from its whole length.

    Args:
        dataset: The test set.
        samples: How many sequences.

    Raises:
        OnnxError: If one cannot be read.
    """
    count = min(samples, len(dataset))
    places = torch.linspace(0, len(dataset) - 1, count).long().tolist()
    try:
        return [dataset[place]['inputs'].float() for place in places]
    except Exception as error:
        # A pipeline may hold any transform.
        raise OnnxError(
            f'the test set of the config cannot be read: '
            f'{type(error).__name__}: {error}; --samples 0 leaves it out'
        ) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        said = run(args)
    except KeyboardInterrupt:
        print('error: interrupted; nothing was written', file=sys.stderr)
        return 130
    except (
        *(ValueError, ImportError, OSError, RuntimeError, MemoryError),
        pickle.UnpicklingError,
    ) as error:
        message = str(error) or type(error).__name__
        print(f'error: {message}', file=sys.stderr)
        return 1
    print('\n'.join(said))
    return 0


if __name__ == '__main__':
    sys.exit(main())
