"""Embeddings of data sets: extracted, kept in files, searched, joined."""

from .embeddings import Embeddings, EmbeddingsError
from .extraction import extract_features
from .files import read_embeddings, write_embeddings
from .joining import join_streams
from .model import load_model
from .neighbours import Match, search
from .parts import KeptRows
from .samples import SampleTable, build_dataset, describe_samples

__all__ = [
    'Embeddings',
    'EmbeddingsError',
    'KeptRows',
    'Match',
    'SampleTable',
    'build_dataset',
    'describe_samples',
    'extract_features',
    'join_streams',
    'load_model',
    'read_embeddings',
    'search',
    'write_embeddings',
]
