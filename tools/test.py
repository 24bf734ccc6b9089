r"""Test a checkpoint: CONFIG CHECKPOINT [flags].

For example, as the config says; with ten clips, predictions kept for fusion
and analysis; on four GPUs::

    python tools/test.py configs/aclnet/NAME.py work_dirs/NAME/epoch_80.pth
    python tools/test.py configs/aclnet/NAME.py work_dirs/NAME/epoch_80.pth \
        --preset 10clip --dump work_dirs/NAME/test.pkl
    bash tools/dist_test.sh configs/aclnet/NAME.py CHECKPOINT 4
"""

import argparse
import copy
import sys

from _common import build_runner, load_config, local_file, make_parser
from mmengine.config import Config
from mmengine.runner import Runner

from aclnet_plugin.engine.hooks import CheckpointMismatch
from aclnet_plugin.evaluation import (
    CLIP_PRESETS,
    ClipPreset,
    apply_preset,
    count_clips,
)
from aclnet_plugin.evaluation.clip_presets import label_metrics
from aclnet_plugin.evaluation.embeddings.samples import innermost
from aclnet_plugin.utils.arguments import number_above_0


def pickle_name(name: str) -> str:
    """Check the file name of ``--dump``."""
    if not name.endswith(('.pkl', '.pickle')):
        raise argparse.ArgumentTypeError(
            f'{name!r} has to end with .pkl or .pickle'
        )
    return name


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument('checkpoint', type=local_file, help='checkpoint file')
    parser.add_argument(
        '--dump',
        type=pickle_name,
        metavar='FILE.pkl',
        help='also write the predictions to this file',
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help='test-time augmentation: merge the predictions for the versions '
        'that tta_pipeline of the config makes of each sample, as its '
        'tta_model does. The names of the figures say so, as in gait_tta. '
        'With --preset, each version has that many clips',
    )
    parser.add_argument(
        '--preset',
        choices=tuple(CLIP_PRESETS),
        help='10clip: ten clips per sample, the published protocol; '
        '10clip-fast: the same clips and scores, 16 samples at once; 1clip: '
        'one clip, a quick look whose figures are not comparable. It has the '
        'last word on clips and batch size. Defaults to what the config says',
    )
    parser.add_argument(
        '--batch-size',
        type=number_above_0,
        metavar='N',
        help='samples at once, instead of what config or preset say',
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
    dump = {
        'type': 'DumpPredictions',
        'out_file_path': name,
        'test_clips': count_clips(cfg),
        'test_tta': augments(cfg),
    }
    cfg.test_evaluator = [*metrics, dump]


def augments(cfg: Config) -> bool:
    """Whether a config, with --tta or by itself, merges versions.

    Args:
        cfg (Config): The config.
    """
    loader = cfg.get('test_dataloader') or {}
    return 'TestTimeAug' in str(loader.get('dataset'))


def add_tta(cfg: Config) -> None:
    """Test versions of each sample, and merge what is predicted for them.

    Args:
        cfg (Config): The config, changed in place.

    Raises:
        ValueError: If the config does not say how.
    """
    lacking = [
        key for key in ('tta_model', 'tta_pipeline') if cfg.get(key) is None
    ]
    if lacking:
        raise ValueError(
            f'there is no {" and no ".join(lacking)}, which --tta needs; see '
            f'RetrievalTTAModel for an example of both.'
        )
    if any('PrepareTTAHook' in str(h) for h in cfg.get('custom_hooks') or ()):
        raise ValueError(
            'its PrepareTTAHook augments already; leave --tta out'
        )
    loader = cfg.get('test_dataloader')
    if loader is None:
        raise ValueError('there is no test_dataloader')
    dataset = innermost(loader)
    if 'pipeline' not in dataset:
        raise ValueError(
            f'--tta needs one test dataset, whose pipeline it replaces; '
            f'test_dataloader has a {dataset.get("type")} without one.'
        )
    # A copy, because TestTimeAug puts its transforms into its config.
    dataset.pipeline = copy.deepcopy(cfg.tta_pipeline)
    cfg.model = {**cfg.tta_model, 'module': cfg.model}
    label_metrics(cfg, 'tta')


def choose_clips(cfg: Config, args: argparse.Namespace) -> ClipPreset | None:
    """Apply preset and batch size.

    Args:
        cfg (Config): The config, changed in place.
        args (argparse.Namespace): The parsed command line.

    Returns:
        ClipPreset | None: The preset.

    Raises:
        ValueError: If the config has nothing to test, or takes no clips.
    """
    if args.batch_size is None and args.preset is None:
        return None
    if cfg.get('test_dataloader') is None:
        raise ValueError('there is no test_dataloader')
    if args.batch_size is not None:
        cfg.test_dataloader.batch_size = args.batch_size
    if args.preset is None:
        return None
    preset = CLIP_PRESETS[args.preset]
    apply_preset(cfg, preset, args.batch_size)
    return preset


def main() -> int:
    """Test; returns the exit status."""
    args = parse_args()
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.cfg_options is not None:
        # Before --tta, the preset and --dump, which build on them.
        cfg.merge_from_dict(args.cfg_options)
        args.cfg_options = None
    try:
        if args.tta:
            add_tta(cfg)
        preset = choose_clips(cfg, args)
    except ValueError as error:
        print(f'error: {args.config}: {error}', file=sys.stderr)
        return 1
    if args.dump is not None:
        add_dump(cfg, args.dump)
    runner = build_runner(cfg, args)
    try:
        run_test(runner, args, preset)
    except CheckpointMismatch as error:
        print(f'error: {args.checkpoint}: {error}', file=sys.stderr)
        return 1
    return 0


def run_test(
    runner: Runner, args: argparse.Namespace, preset: ClipPreset | None
) -> None:
    """Test, and say what the preset was.

    Args:
        runner (Runner): The runner.
        args (argparse.Namespace): The parsed command line.
        preset (ClipPreset | None): The preset.
    """
    if preset is None:
        runner.test()
        return
    words = (
        f'Preset {args.preset}: {preset.clips} clip(s) per sample, '
        f'{runner.cfg.test_dataloader.batch_size} samples at once.'
    )
    runner.logger.info(words)
    runner.test()
    if preset.label is not None:
        runner.logger.warning(
            f'{words} Not comparable with published 10-clip figures.'
        )


if __name__ == '__main__':
    sys.exit(main())
