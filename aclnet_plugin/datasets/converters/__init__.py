"""From the files that data sets come in to annotation files and stores.

The command lines are in ``tools/data``; what they share is here.
"""

from .command_line import add_arguments, report_and_write, run_tool
from .outcomes import BadFile, LeftOut
from .running import Conversion, convert_all

__all__ = [
    'BadFile',
    'Conversion',
    'LeftOut',
    'add_arguments',
    'convert_all',
    'report_and_write',
    'run_tool',
]
