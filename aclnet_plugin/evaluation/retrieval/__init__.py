"""Retrieval: embeddings ranked by distance, for gait and for re-id."""

from .csv_files import write_gait, write_reid
from .distance import (
    concatenate_streams,
    pairwise_distance,
    rankable_distance,
)
from .gait import GaitScores, gait_scores, score_gait
from .gait_protocol import GaitProtocol
from .items import Items
from .measures import (
    average_precision,
    cmc,
    first_match_ranks,
    rank_k_hits,
)
from .ranking import Ranking, rank_gallery
from .reid import (
    ReIDScore,
    ReIDScores,
    reid_scores,
    score_reid,
)
from .reid_protocol import ReIDProtocol
from .tables import gait_text, reid_text

__all__ = [
    'GaitProtocol',
    'GaitScores',
    'Items',
    'Ranking',
    'ReIDProtocol',
    'ReIDScore',
    'ReIDScores',
    'average_precision',
    'cmc',
    'concatenate_streams',
    'first_match_ranks',
    'gait_scores',
    'gait_text',
    'pairwise_distance',
    'rank_gallery',
    'rank_k_hits',
    'rankable_distance',
    'reid_scores',
    'reid_text',
    'score_gait',
    'score_reid',
    'write_gait',
    'write_reid',
]
