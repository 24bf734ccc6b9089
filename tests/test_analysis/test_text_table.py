"""Tables for people and for pipes."""

import io

from rich.console import Console

from aclnet_plugin.analysis.text_table import print_table

ROWS = [('sit [b]slow[/b]', '1.5'), ('jump', '10.25')]


def printed(terminal):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=60)
    print_table('Scores [x]', ['class', 'score'], ROWS, console)
    return file.getvalue()


def test_columns_of_spaces_for_a_pipe():
    assert printed(False).splitlines() == [
        'Scores [x]',
        'class            score',
        'sit [b]slow[/b]  1.5',
        'jump             10.25',
    ]


def test_a_frame_for_a_terminal_and_no_markup_in_cells():
    text = printed(True)
    assert '┃' in text
    for part in ('Scores [x]', 'sit [b]slow[/b]', '10.25'):
        assert part in text


def test_a_long_row_is_not_broken_in_a_pipe(capsys):
    print_table('', ['a', 'b'], [('x' * 300, 'y')])
    assert capsys.readouterr().out.splitlines()[1] == 'x' * 300 + '  y'
