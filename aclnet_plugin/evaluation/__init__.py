"""Predictions of several streams: read, compared, fused, measured."""

from .alignment import align, common_samples
from .clip_presets import PRESETS as CLIP_PRESETS
from .clip_presets import ClipPreset, apply_preset, count_clips
from .dump_predictions import DumpPredictions
from .fusion import (
    COMBINATIONS,
    DEFAULT_WEIGHTS,
    accuracies,
    fuse,
    leave_one_out,
)
from .fusion_report import fusion_report, print_fusion_report
from .metrics import GaitRankMetric, ReIDMetric
from .prediction_files import load_predictions
from .predictions import Predictions, PredictionsError, softmax_rows
from .stream_names import stream_of
from .weight_search import search_weights

__all__ = [
    'CLIP_PRESETS',
    'COMBINATIONS',
    'DEFAULT_WEIGHTS',
    'ClipPreset',
    'DumpPredictions',
    'GaitRankMetric',
    'Predictions',
    'PredictionsError',
    'ReIDMetric',
    'accuracies',
    'align',
    'apply_preset',
    'common_samples',
    'count_clips',
    'fuse',
    'fusion_report',
    'leave_one_out',
    'load_predictions',
    'print_fusion_report',
    'search_weights',
    'softmax_rows',
    'stream_of',
]
