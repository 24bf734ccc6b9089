"""Every command shows an example in its help."""

import ast
import re

import pytest

from tests.scripts import ROOT

COMMANDS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ('tools', 'demo', 'benchmarks')
    for path in (ROOT / folder).rglob('*.py')
    if "__name__ == '__main__'" in path.read_text(encoding='utf-8')
)


@pytest.mark.parametrize('name', COMMANDS)
def test_help_has_an_example(name):
    source = (ROOT / name).read_text(encoding='utf-8')
    doc = ast.get_docstring(ast.parse(source))
    # The part below the first line is what the help ends with.
    below = doc.partition('\n')[2]
    assert re.search(rf'(python|torchrun).*{re.escape(name)} ?', below), (
        f'the docstring of {name} has no example'
    )
    shown = re.search(
        r'epilog=|description=__doc__,|make_parser\(__doc__', source
    )
    assert shown, f'{name} --help does not show its docstring'
