"""Test a checkpoint: python tools/test.py CONFIG CHECKPOINT [flags]."""

import argparse

from _common import build_runner, load_config, local_file, make_parser
from mmengine.config import Config


def pickle_name(name: str) -> str:
    """Check the file name of ``--dump``."""
    if not name.endswith(('.pkl', '.pickle')):
        raise argparse.ArgumentTypeError(
            f'{name!r} has to end with .pkl or .pickle'
        )
    return name


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Test a checkpoint')
    parser.add_argument('checkpoint', type=local_file, help='checkpoint file')
    parser.add_argument(
        '--dump',
        type=pickle_name,
        metavar='FILE.pkl',
        help='also write the predictions to this file',
    )
    return parser.parse_args()


def add_dump(cfg: Config, name: str) -> None:
    """Add a metric that writes the predictions.

    Args:
        cfg (Config): The config, changed in place.
        name (str): The pickle file to write.
    """
    metrics = cfg.test_evaluator
    if not isinstance(metrics, list | tuple):
        metrics = [metrics]
    dump = {'type': 'DumpResults', 'out_file_path': name}
    cfg.test_evaluator = [*metrics, dump]


def main() -> None:
    """Test."""
    args = parse_args()
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.dump is not None:
        add_dump(cfg, args.dump)
    build_runner(cfg, args).test()


if __name__ == '__main__':
    main()
