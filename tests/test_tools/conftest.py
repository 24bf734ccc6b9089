"""Fixtures of the tests of commands."""

import pytest


@pytest.fixture
def call(tool, capsys):
    """Runs the `tool` of the test's module; status and what it said."""

    def run(*words):
        status = tool.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return status, out if status == 0 else err

    return run
