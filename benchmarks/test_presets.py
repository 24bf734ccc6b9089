"""Time of the presets of tools/test.py, one against the other.

The real model with drawn weights tests synthetic sequences of 60 to 100
frames, with the test pipeline of the config, in one process. The presets take
turns; the fastest round of each counts. Example::

    python benchmarks/test_presets.py --sequences 24 --threads 1
"""

from __future__ import annotations

import platform
import tempfile
import time
from pathlib import Path

import mmaction
import mmengine
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table
from torch.nn.modules.batchnorm import _BatchNorm

import aclnet_plugin
from aclnet_plugin.datasets.synthetic import generate_synthetic_skeletons
from aclnet_plugin.evaluation import CLIP_PRESETS, ClipPreset, apply_preset
from aclnet_plugin.utils.arguments import make_parser
from aclnet_plugin.utils.safe_pickle import atomic_dump

CONFIG = (
    Path(__file__).resolve().parents[1]
    / 'configs'
    / 'aclnet'
    / 'aclnet_1xb16-joint-u100-150e_ntu60-xsub-keypoint-3d.py'
)


def write_data(path: Path, total: int) -> None:
    """An annotation file with a test split of some synthetic sequences."""
    content = generate_synthetic_skeletons(num_classes=12, layout='nturgb+d')
    names = [sample['frame_dir'] for sample in content['annotations']]
    content['split'] = {'test': names[:total]}
    atomic_dump(content, path)


def config_of(
    config: Path, ann_file: Path, preset: ClipPreset, batch_size: int | None
) -> Config:
    """The config with a preset, on the synthetic file."""
    cfg = Config.fromfile(config)
    # 10clip as it was published: one sample at a time.
    apply_preset(cfg, preset, (preset.batch_size and batch_size) or None)
    if preset.batch_size is None:
        cfg.test_dataloader.batch_size = 1
    cfg.test_dataloader.num_workers = 0
    cfg.test_dataloader.persistent_workers = False
    cfg.test_dataloader.dataset.update(ann_file=str(ann_file), split='test')
    return cfg


def run(model: torch.nn.Module, cfg: Config) -> tuple[float, torch.Tensor]:
    """Test once.

    Args:
        model: In evaluation mode.
        cfg: With a test_dataloader.

    Returns:
        Seconds, and scores ``(N, K)``.
    """
    loader = Runner.build_dataloader(cfg.test_dataloader)
    start = time.perf_counter()
    with torch.no_grad():
        scores = [
            sample.pred_score.cpu()
            for batch in loader
            for sample in model.test_step(batch)
        ]
    return time.perf_counter() - start, torch.stack(scores)


def settle(model: torch.nn.Module, cfg: Config) -> None:
    """Give batch norm the statistics of the data, so that scores differ."""
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    for module in norms:
        module.momentum = None  # the plain mean of what it sees
        module.train()
    run(model, cfg)
    model.eval()


def main() -> None:
    """Print one row per preset."""
    parser = make_parser(__doc__)
    parser.add_argument('--config', type=Path, default=CONFIG)
    parser.add_argument('--sequences', type=int, default=24)
    parser.add_argument('--batch-size', type=int, help='of the fast presets')
    parser.add_argument('--rounds', type=int, default=2)
    parser.add_argument('--threads', type=int)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(args.config).model)
    model = model.to(get_device()).eval()
    best: dict[str, float] = {}
    scores: dict[str, torch.Tensor] = {}
    with tempfile.TemporaryDirectory() as folder:
        ann_file = Path(folder, 'synthetic.pkl')
        write_data(ann_file, args.sequences)
        configs = {
            name: config_of(args.config, ann_file, preset, args.batch_size)
            for name, preset in CLIP_PRESETS.items()
        }
        settle(model, configs['1clip'])  # warms up, too
        for _ in range(args.rounds):
            for name, cfg in configs.items():
                seconds, scores[name] = run(model, cfg)
                best[name] = min(seconds, best.get(name, seconds))
    table = Table(
        *('Preset', 'Clips', 'Batch', 'Time', '10clip / this', 'Deviation'),
        title=f'{args.sequences} sequences, {get_device()}, '
        f'{torch.get_num_threads()} thread(s), {platform.machine()}',
        caption=f'aclnet_plugin {aclnet_plugin.__version__}, torch '
        f'{torch.__version__}, mmengine {mmengine.__version__}, mmaction2 '
        f'{mmaction.__version__}, python {platform.python_version()}',
    )
    for name, seconds in best.items():
        deviation = (scores[name] - scores['10clip']).abs().max()
        table.add_row(
            name,
            str(CLIP_PRESETS[name].clips),
            str(configs[name].test_dataloader.batch_size),
            f'{seconds:.1f} s',
            f'{best["10clip"] / seconds:.2f}',
            f'{deviation:.1e}',
        )
    Console().print(table)


if __name__ == '__main__':
    main()
