"""The instructions of a pickle, protocols 0 to 5, and what they may do.

:mod:`pickletools` describes them. Those that make objects of any class, or
reach outside of the file, are refused.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any, NoReturn

from ..shown import shown
from .state import Machine
from .values import (
    Maker,
    Pending,
    Refusal,
    check_keys,
    find_maker,
    refused_global,
)

_MAX_NUMBER = 1000
_MAX_DIGITS = 3000
"""Bytes and digits of an integer; Python needs quadratic time for more."""


def _unknown(machine: Machine) -> NoReturn:
    place = machine.place - 1
    raise ValueError(
        f'there is no instruction {machine.data[place : place + 1]!r} (byte '
        f'{place})'
    )


_Operation = Callable[[Machine], None]
OPERATIONS: list[_Operation] = [_unknown] * 256


def _operation(*codes: bytes) -> Callable[[_Operation], _Operation]:
    def register(function: _Operation) -> _Operation:
        for code in codes:
            OPERATIONS[ord(code)] = function
        return function

    return register


# Frames and the memo


@_operation(b'\x80')
def _protocol(machine: Machine) -> None:
    protocol = machine.number(1)
    if protocol > 5:
        raise ValueError(f'protocol {protocol} is not known')


@_operation(b'\x95')
def _frame(machine: Machine) -> None:
    size = machine.number(8)
    if size > len(machine.data) - machine.place:
        raise EOFError(f'a frame of {size} bytes is cut short')


@_operation(b'q')
def _put_1(machine: Machine) -> None:
    machine.keep(machine.number(1))


@_operation(b'r')
def _put_4(machine: Machine) -> None:
    machine.keep(machine.number(4))


@_operation(b'p')
def _put_text(machine: Machine) -> None:
    machine.keep(int(machine.line(20)))


@_operation(b'h')
def _get_1(machine: Machine) -> None:
    machine.stack.append(machine.memo[machine.number(1)])


@_operation(b'g')
def _get_text(machine: Machine) -> None:
    machine.stack.append(machine.memo[int(machine.line(20))])


# The stack


@_operation(b'(')
def _mark(machine: Machine) -> None:
    machine.marks.append(len(machine.stack))


@_operation(b'0')
def _pop(machine: Machine) -> None:
    # A mark on top is popped as well.
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()


@_operation(b'1')
def _pop_mark(machine: Machine) -> None:
    machine.above_mark()


@_operation(b'2')
def _duplicate(machine: Machine) -> None:
    machine.stack.append(machine.stack[-1])


# Numbers


@_operation(b'N')
def _none(machine: Machine) -> None:
    machine.stack.append(None)


@_operation(b'\x88')
def _true(machine: Machine) -> None:
    machine.stack.append(True)


@_operation(b'\x89')
def _false(machine: Machine) -> None:
    machine.stack.append(False)


@_operation(b'M')
def _unsigned_2(machine: Machine) -> None:
    machine.stack.append(machine.number(2))


@_operation(b'J')
def _signed_4(machine: Machine) -> None:
    value = int.from_bytes(machine.take(4), 'little', signed=True)
    machine.stack.append(value)


@_operation(b'\x8a', b'\x8b')
def _signed(machine: Machine) -> None:
    short = machine.data[machine.place - 1] == 0x8A
    size = machine.number(1 if short else 4)
    if size > _MAX_NUMBER:
        raise ValueError(f'a number is {size} bytes long')
    value = int.from_bytes(machine.take(size), 'little', signed=True)
    machine.stack.append(value)


@_operation(b'I')
def _text_integer(machine: Machine) -> None:
    line = machine.line(_MAX_DIGITS)
    flags = {b'00': False, b'01': True}
    machine.stack.append(flags[line] if line in flags else int(line))


@_operation(b'L')
def _text_long(machine: Machine) -> None:
    line = machine.line(_MAX_DIGITS)
    machine.stack.append(int(line.removesuffix(b'L')))


@_operation(b'G')
def _double(machine: Machine) -> None:
    machine.stack.append(struct.unpack('>d', machine.take(8))[0])


@_operation(b'F')
def _text_float(machine: Machine) -> None:
    machine.stack.append(float(machine.line(_MAX_DIGITS)))


# Strings and bytes


@_operation(b'\x8c')
def _unicode_1(machine: Machine) -> None:
    text = machine.take(machine.number(1))
    machine.stack.append(str(text, 'utf-8', 'surrogatepass'))


@_operation(b'X')
def _unicode_4(machine: Machine) -> None:
    text = machine.take(machine.number(4))
    machine.stack.append(str(text, 'utf-8', 'surrogatepass'))


@_operation(b'\x8d')
def _unicode_8(machine: Machine) -> None:
    text = machine.take(machine.number(8))
    machine.stack.append(str(text, 'utf-8', 'surrogatepass'))


@_operation(b'V')
def _text_unicode(machine: Machine) -> None:
    machine.stack.append(str(machine.line(), 'raw-unicode-escape'))


@_operation(b'C')
def _bytes_1(machine: Machine) -> None:
    machine.stack.append(machine.take(machine.number(1)))


@_operation(b'B')
def _bytes_4(machine: Machine) -> None:
    machine.stack.append(machine.take(machine.number(4)))


@_operation(b'\x8e')
def _bytes_8(machine: Machine) -> None:
    machine.stack.append(machine.take(machine.number(8)))


@_operation(b'\x96')
def _bytearray_8(machine: Machine) -> None:
    machine.stack.append(bytearray(machine.take(machine.number(8))))


# Python 2 did not tell strings from bytes.


@_operation(b'U')
def _string_1(machine: Machine) -> None:
    machine.stack.append(str(machine.take(machine.number(1)), 'ascii'))


@_operation(b'T')
def _string_4(machine: Machine) -> None:
    machine.stack.append(str(machine.take(machine.number(4)), 'ascii'))


@_operation(b'S')
def _text_string(machine: Machine) -> None:
    line = machine.line().strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b'\'"':
        raise ValueError('a string is not in quotes')
    text, _ = codecs.escape_decode(line[1:-1])
    machine.stack.append(str(text, 'ascii'))


# Containers


@_operation(b')')
def _empty_tuple(machine: Machine) -> None:
    machine.stack.append(())


@_operation(b'\x85')
def _tuple_1(machine: Machine) -> None:
    machine.stack[-1:] = [(machine.stack[-1],)]


@_operation(b'\x86')
def _tuple_2(machine: Machine) -> None:
    _, _ = pair = machine.stack[-2:]
    machine.stack[-2:] = [tuple(pair)]


@_operation(b'\x87')
def _tuple_3(machine: Machine) -> None:
    _, _, _ = triple = machine.stack[-3:]
    machine.stack[-3:] = [tuple(triple)]


@_operation(b't')
def _tuple(machine: Machine) -> None:
    items = machine.above_mark()
    machine.stack.append(tuple(items))


@_operation(b']')
def _empty_list(machine: Machine) -> None:
    machine.stack.append([])


@_operation(b'l')
def _list(machine: Machine) -> None:
    items = machine.above_mark()
    machine.stack.append(items)


@_operation(b'a')
def _append(machine: Machine) -> None:
    item = machine.stack.pop()
    list.append(machine.stack[-1], item)


@_operation(b'e')
def _append_all(machine: Machine) -> None:
    items = machine.above_mark()
    list.extend(machine.stack[-1], items)


@_operation(b'}')
def _empty_dict(machine: Machine) -> None:
    machine.stack.append({})


@_operation(b'd')
def _dict(machine: Machine) -> None:
    items = machine.above_mark()
    machine.stack.append({})
    _set_items(machine.stack[-1], items)


@_operation(b's')
def _set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set_items(machine.stack[-1], [key, value])


@_operation(b'u')
def _set_all_items(machine: Machine) -> None:
    items = machine.above_mark()
    _set_items(machine.stack[-1], items)


def _set_items(target: Any, items: list[Any]) -> None:
    keys = items[::2]
    if not isinstance(target, dict) or 2 * len(keys) != len(items):
        raise TypeError('keys and values do not make a dict')
    check_keys(keys)
    target.update(zip(keys, items[1::2], strict=True))


@_operation(b'\x8f')
def _empty_set(machine: Machine) -> None:
    machine.stack.append(set())


@_operation(b'\x90')
def _add_all(machine: Machine) -> None:
    items = machine.above_mark()
    check_keys(items)
    set.update(machine.stack[-1], items)


@_operation(b'\x91')
def _frozen_set(machine: Machine) -> None:
    items = machine.above_mark()
    check_keys(items)
    machine.stack.append(frozenset(items))


# Whatever is built


@_operation(b'c')
def _global(machine: Machine) -> None:
    module, name = _two_names(machine)
    machine.stack.append(find_maker(machine.makers, module, name))


@_operation(b'\x93')
def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(find_maker(machine.makers, module, name))


@_operation(b'R')
def _reduce(machine: Machine) -> None:
    args, maker = machine.stack.pop(), machine.stack[-1]
    if type(maker) is not Maker or type(args) is not tuple:
        raise TypeError('what is to be called is not a function')
    if maker.make is None:
        raise Refusal(
            f'calls {maker.name}, for which plain data has no need, '
            'so it is refused. Store the result instead.'
        )
    machine.stack[-1] = maker.make(args, machine.budget)


@_operation(b'b')
def _build(machine: Machine) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if type(target) is not Pending:
        raise Refusal(
            f'sets the attributes of {shown(target)}, for which plain data '
            'has no need, so it is refused. Store plain numbers, strings, '
            'lists, dicts and NumPy arrays instead.'
        )
    value = target.finish(state, machine.budget)
    machine.stack[-1] = value
    for place in target.places:
        machine.memo[place] = value


# Whatever plain data never needs


@_operation(b'i')
def _instance(machine: Machine) -> NoReturn:
    raise Refusal(refused_global(*_two_names(machine)))


@_operation(b'o', b'\x81', b'\x92')
def _object(machine: Machine) -> NoReturn:
    raise Refusal(
        'makes an object of a class, for which plain data has no '
        'need, so it is refused. Store plain numbers, strings, lists, dicts '
        'and NumPy arrays instead.'
    )


@_operation(b'\x82', b'\x83', b'\x84')
def _extension(machine: Machine) -> NoReturn:
    size = {0x82: 1, 0x83: 2, 0x84: 4}[machine.data[machine.place - 1]]
    raise Refusal(
        f'refers to the copyreg extension {machine.number(size)}, for which '
        'plain data has no need, so it is refused. Store plain data.'
    )


@_operation(b'P', b'Q')
def _persistent(machine: Machine) -> NoReturn:
    raise Refusal(
        'is not a complete pickle file, or refers to an object outside of it '
        '(a persistent id), so it is refused. Store the object itself, or '
        'create the file again.'
    )


@_operation(b'\x97', b'\x98')
def _outside_buffer(machine: Machine) -> NoReturn:
    raise Refusal(
        'refers to a buffer outside of the file, so it is refused. Store the '
        'array itself.'
    )


def _two_names(machine: Machine) -> tuple[str, str]:
    module = str(machine.line(), 'utf-8')
    return module, str(machine.line(), 'utf-8')
