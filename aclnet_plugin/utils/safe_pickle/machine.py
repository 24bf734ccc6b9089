"""The machine that a pickle is a program for, reduced to plain data.

Python's own has two weaknesses that no table of allowed functions mends: it
reserves memory for whatever length a damaged byte claims, and it hashes and
nests without limit. Here every length is compared with what the file still
holds, and nothing is called but the builders of ``values``.

The instructions are those of :mod:`pickletools`, protocols 0 to 5.
"""

from __future__ import annotations

import gc
import struct
from collections.abc import Mapping
from typing import Any

from .operations import OPERATIONS
from .state import Machine
from .values import MAKERS, Maker, Pending

_STOP, _GET_4, _MEMOIZE, _UNSIGNED_1 = b'.j\x94K'
_UNSIGNED_4 = struct.Struct('<I')


def run_pickle(
    data: bytes, makers: Mapping[tuple[str, str], Maker] = MAKERS
) -> Any:
    """Build the object that a pickle describes.

    Args:
        data: The whole file; what follows the first pickle is ignored.
        makers: What it may have built. Defaults to plain data.

    Returns:
        Numbers, strings, arrays and containers of them. ``check_plain`` has
        to confirm it: arrays that never got their content are still there.

    Raises:
        Refusal: If the file asks for anything that plain data does not need.
        Exception: Any, where the file is damaged.
    """
    machine = Machine(data, makers)
    if not gc.isenabled():
        return _run(machine)
    # Each collection would walk through all that has been built so far.
    gc.disable()
    try:
        return _run(machine)
    finally:
        gc.enable()


def _run(machine: Machine) -> Any:
    data, memo, stack = machine.data, machine.memo, machine.stack
    place = 0
    while (code := data[place]) != _STOP:
        place += 1
        # Three of four instructions of an annotation file are these; a call
        # of a function would take longer than what they do.
        if code == _GET_4:
            (number,) = _UNSIGNED_4.unpack_from(data, place)
            stack.append(memo[number])
            place += 4
        elif code == _MEMOIZE:
            number = len(memo)
            memo[number] = top = stack[-1]
            if type(top) is Pending:
                top.places.append(number)
        elif code == _UNSIGNED_1:
            stack.append(data[place])
            place += 1
        else:
            machine.place = place
            OPERATIONS[code](machine)
            place = machine.place
    (result,) = stack
    if machine.marks or type(result) is Pending:
        raise ValueError('the content ends in the middle')
    return result
