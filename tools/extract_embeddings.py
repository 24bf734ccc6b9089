r"""Write the embeddings of a data set: CONFIG CHECKPOINT OUT.npz [flags].

For example, of the test split and of the training split of one annotation
file, and then the neighbours of a sequence among them::

    python tools/extract_embeddings.py CONFIG work_dirs/x/epoch_150.pth \
        test.npz
    python tools/extract_embeddings.py CONFIG work_dirs/x/epoch_150.pth \
        train.npz --split xsub_train
    python tools/search_embeddings.py test.npz --query NAME \
        --gallery train.npz

Samples go through the test pipeline of the config, whose head may be an
ACLHead or a stock GCNHead. What is finished is kept in OUT.npz.parts until
the file is written: started again, the same command goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from _common import (  # first: finds an uninstalled checkout
    local_file,
    read_config,
)
from _flags import add_cfg_options, add_running, chosen_device
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import Progress

from aclnet_plugin.datasets.downloads.checksums import digests_of
from aclnet_plugin.datasets.store import is_store
from aclnet_plugin.evaluation.embeddings import (
    Embeddings,
    EmbeddingsError,
    KeptRows,
    SampleTable,
    build_dataset,
    describe_samples,
    extract_features,
    load_model,
    write_embeddings,
)
from aclnet_plugin.evaluation.embeddings.samples import innermost
from aclnet_plugin.models.heads import EMBEDDINGS
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.version import __version__


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument('config', type=local_file, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint file')
    parser.add_argument('out', type=Path, help='file to write, .npz')
    add_running(parser)
    parser.add_argument(
        '--embedding',
        choices=EMBEDDINGS,
        help='pooled: the pooled feature of any model; inter, intra: the '
        'projection of that loss of an ACLHead; concat: all three. Defaults '
        'to what the head of the config says, else to pooled',
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help='average over the versions that tta_pipeline of the config '
        'makes of each sample',
    )
    add_cfg_options(
        parser, example='test_dataloader.dataset.ann_file=data/other.pkl'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an existing file'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    return parser.parse_args(argv)


def load_config(args: argparse.Namespace) -> Config:
    """Read the config.

    Args:
        args: The command line.

    Raises:
        ValueError: If it cannot be read.
    """
    cfg = read_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    return cfg


def settings_key(
    model: Any, loader: Any, table: SampleTable, about: dict[str, Any]
) -> str:
    """32 digits for all that decides the numbers.

    Args:
        model: Config of the model.
        loader: Config of the data loader.
        table: The samples.
        about: What goes into the file.
    """
    dataset = innermost(loader)
    data = []
    root = dataset.get('data_root') or ''
    ann_file = Path(root, str(dataset.get('ann_file', '')))
    if is_store(ann_file):
        files = sorted(path for path in ann_file.iterdir() if path.is_file())
    else:
        files = [ann_file] if ann_file.is_file() else []
    for path in files:
        found = path.stat()
        data.append([path.name, found.st_size, found.st_mtime_ns])
    decides = [
        *(__version__, about, data, repr(model), repr(loader['dataset'])),
        *(table.names.tolist(), table.labels.tolist()),
    ]
    text = json.dumps(decides)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def run(args: argparse.Namespace) -> Embeddings:
    """Extract and write.

    Args:
        args: The command line.

    Returns:
        What was written.
    """
    if args.out.suffix != '.npz':
        raise EmbeddingsError(f'{args.out} must end in .npz.')
    if args.out.exists() and not args.overwrite:
        raise EmbeddingsError(
            f'{args.out} exists; use --overwrite to replace it.'
        )
    if not args.checkpoint.is_file():
        raise EmbeddingsError(
            f'there is no file {args.checkpoint}. Checkpoints lie in the '
            f'work folder of a training, such as work_dirs/NAME.'
        )
    cfg = load_config(args)
    MMLogger.get_current_instance().setLevel('WARNING')
    head = (cfg.get('model') or {}).get('cls_head') or {}
    kind = args.embedding or head.get('embedding') or 'pooled'
    device = chosen_device(args.device)
    model = load_model(cfg, args.checkpoint, kind, device)
    dataset, loader = build_dataset(cfg, args.split, args.tta)
    hidden = args.quiet or not sys.stderr.isatty()
    with Progress(
        console=Console(stderr=True), disable=hidden, transient=True
    ) as bar:

        def track(samples: Iterable[int]) -> Iterable[int]:
            return bar.track(samples, description='reading')

        table = describe_samples(dataset, track)
        about = {
            'embedding': kind,
            'config': Path(args.config).name,
            'checkpoint': args.checkpoint.name,
            'checkpoint_sha256': digests_of(args.checkpoint)['sha256'],
            'split': args.split or innermost(loader).get('split'),
            'tta': args.tta,
        }
        kept = KeptRows(
            args.out.with_name(f'{args.out.name}.parts'),
            settings_key(cfg.model, loader, table, about),
        )
        task = bar.add_task('embedding', total=len(dataset))
        features = extract_features(
            model,
            dataset,
            kind,
            batch_size=args.batch_size or loader.get('batch_size', 16),
            num_workers=loader.get('num_workers', 0),
            kept=kept,
            advance=lambda count: bar.advance(task, count),
        )
    embeddings = Embeddings(
        features,
        table.names,
        table.labels,
        table.classes,
        table.meta,
        about,
        os.fspath(args.out),
    )
    write_embeddings(args.out, embeddings)
    kept.forget()
    return embeddings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    try:
        made = run(args)
    except KeyboardInterrupt:
        message = (
            'interrupted; what was finished is kept, and the same command '
            'goes on from there.'
        )
    except (
        *(ValueError, OSError, RuntimeError, MemoryError),
        pickle.UnpicklingError,
    ) as error:
        message = str(error) or type(error).__name__
    else:
        print(
            f'{len(made)} embeddings ({made.about["embedding"]}, '
            f'{made.features.shape[1]} numbers) written to {args.out}'
        )
        return 0
    print(f'error: {message}', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
