r"""Train a model: CONFIG [flags].

For example, from the beginning; after an interruption; on a CPU or GPU with
half precision and another learning rate; on four GPUs::

    python tools/train.py configs/aclnet/NAME.py --seed 0
    python tools/train.py configs/aclnet/NAME.py --resume
    python tools/train.py configs/aclnet/NAME.py --amp \
        --cfg-options optim_wrapper.optimizer.lr=0.05
    bash tools/dist_train.sh configs/aclnet/NAME.py 4
"""

import argparse

from _common import build_runner, load_config, local_file, make_parser
from mmengine.config import Config

from aclnet_plugin.engine.hooks import CheckpointMismatch
from aclnet_plugin.engine.mixed_precision import use_amp


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from this checkpoint or, without a value, from the '
        'latest one in the work folder',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument(
        '--no-validate', action='store_true', help='leave validation out'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the total batch size',
    )
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument(
        '--diff-rank-seed',
        action='store_true',
        help='add the rank to the seed of each process',
    )
    parser.add_argument(
        '--deterministic',
        action='store_true',
        help='use deterministic algorithms where cuDNN has them',
    )
    args = parser.parse_args()
    if args.resume not in (None, 'auto'):
        try:
            local_file(args.resume)
        except argparse.ArgumentTypeError as error:
            parser.error(f'argument --resume: {error}')
    return args


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Carry the flags of the command line into the config.

    Args:
        cfg (Config): The config, changed in place.
        args (argparse.Namespace): The parsed command line.
    """
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        try:
            use_amp(cfg)
        except ValueError as error:
            raise SystemExit(str(error)) from None
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise SystemExit(
                '--auto-scale-lr needs auto_scale_lr = '
                'dict(base_batch_size=...) in the config'
            )
        cfg.auto_scale_lr.enable = True
    given = {
        'seed': args.seed,
        'diff_rank_seed': args.diff_rank_seed or None,
        'deterministic': args.deterministic or None,
    }
    randomness = {'seed': None, **(cfg.get('randomness') or {})}
    randomness.update({k: v for k, v in given.items() if v is not None})
    cfg.randomness = randomness


def main() -> None:
    """Train."""
    args = parse_args()
    cfg = load_config(args)
    merge_args(cfg, args)
    runner = build_runner(cfg, args)
    try:
        runner.train()
    except CheckpointMismatch as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    main()
