"""Check of the data against the model, before the first step."""

from .expectation import (
    Expectation,
    expectation_of,
    expectation_of_model,
)
from .inspector import inspect_data
from .loading import build_datasets
from .report import DataReport, Problem, SplitSummary

__all__ = [
    'DataReport',
    'Expectation',
    'Problem',
    'SplitSummary',
    'build_datasets',
    'expectation_of',
    'expectation_of_model',
    'inspect_data',
]
