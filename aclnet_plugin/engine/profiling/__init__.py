"""Where the time of a training step goes, and what would shorten it."""

from .advice import advise_batch, advise_workers, overlap_of
from .building import Training, usable_cores, use_amp
from .checks import ProfileError, check_folder, check_launcher
from .files import write_findings
from .findings import Findings, Setting
from .measuring import ComputeRate
from .tables import print_findings
from .timeline import PARTS, Timeline

__all__ = [
    'PARTS',
    'ComputeRate',
    'Findings',
    'ProfileError',
    'Setting',
    'Timeline',
    'Training',
    'advise_batch',
    'advise_workers',
    'check_folder',
    'check_launcher',
    'overlap_of',
    'print_findings',
    'usable_cores',
    'use_amp',
    'write_findings',
]
