"""The download tool, with a catalogue that points to this machine."""

import hashlib
import importlib.util
from pathlib import Path

import pytest

from aclnet_plugin.datasets.downloads.catalogue import PublicFile
from tests.local_server import serve

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'download.py'
_spec = importlib.util.spec_from_file_location('download_tool', TOOL)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)

CONTENT = b'\x80\x04' + bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    with serve(CONTENT) as (site, address):
        table = {
            name: PublicFile(
                about=f'what {name} is',
                urls=(f'{address}/{name}.pkl', f'{address}/old/{name}.pkl'),
                terms='be kind',
                page='README.md',
            )
            for name in ('one', 'two')
        }
        monkeypatch.setattr(tool, 'PUBLIC', table)
        yield site


def run(tmp_path, *arguments):
    return tool.main([*arguments, '--root', str(tmp_path / 'data')])


def test_fetches_and_leaves_alone_what_is_there(server, tmp_path, capsys):
    assert run(tmp_path, 'one', 'two', 'one') == 0
    text = capsys.readouterr().out
    for name in ('one', 'two'):
        assert (tmp_path / 'data' / f'{name}.pkl').read_bytes() == CONTENT
        assert f'what {name} is; terms: be kind' in text
    assert SHA256 in text and 'docs/data/README.md' in text
    assert len(server.asked) == 2
    assert run(tmp_path, 'one') == 0
    assert 'is there' in capsys.readouterr().out and len(server.asked) == 2
    server.content = CONTENT + b'.'
    assert run(tmp_path, 'one', '--overwrite') == 0
    assert (tmp_path / 'data' / 'one.pkl').read_bytes() == server.content


def test_the_second_address_is_asked(server, tmp_path, capsys):
    server.paths['/one.pkl'] = 404
    assert run(tmp_path, 'one') == 0
    assert server.asked[-1][0] == '/old/one.pkl'


def test_one_failure_does_not_stop_the_others(server, tmp_path, capsys):
    server.paths.update({'/one.pkl': 404, '/old/one.pkl': 404})
    assert run(tmp_path, 'one', 'two') == 1
    assert (tmp_path / 'data' / 'two.pkl').is_file()
    assert 'error: one: ' in capsys.readouterr().err


def test_check(server, tmp_path, capsys):
    assert run(tmp_path, 'one', '--check') == 1
    assert 'not there' in capsys.readouterr().err and not server.asked
    run(tmp_path, 'one')
    assert run(tmp_path, 'one', '--check') == 0
    assert 'as it should be' in capsys.readouterr().out
    file = tmp_path / 'data' / 'one.pkl'
    file.write_bytes(CONTENT[:100])
    assert run(tmp_path, 'one', '--check') == 1
    assert 'sha256 is' in capsys.readouterr().err
    file.with_name('one.pkl.sha256').unlink()
    assert run(tmp_path, 'one', '--check') == 0
    assert 'nothing to compare with' in capsys.readouterr().out


def test_a_page_is_printed_for_what_must_be_requested(
    server, tmp_path, capsys
):
    assert run(tmp_path, 'pku_mmd', 'one') == 1, 'not all of it is there'
    text = capsys.readouterr().out
    assert 'https://www.icst.pku.edu.cn' in text and 'pku_mmd.md' in text
    assert (tmp_path / 'data' / 'one.pkl').is_file()


def test_list(capsys):
    assert tool.main(['--list']) == 0
    text = capsys.readouterr().out
    for name in (*tool.PUBLIC, *tool.ON_REQUEST):
        assert name in text


def test_a_folder_is_in_the_way(server, tmp_path, capsys):
    (tmp_path / 'data' / 'one.pkl').mkdir(parents=True)
    assert run(tmp_path, 'one') == 1
    assert 'is a folder' in capsys.readouterr().err


def test_an_interruption_keeps_what_came(
    server, tmp_path, capsys, monkeypatch
):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'fetch_from_any', interrupt)
    assert run(tmp_path, 'one', 'two') == 1
    assert 'start again to continue' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([], 'name at least one'),
        (['nothing'], "no 'nothing'"),
        (['one', '--check', '--overwrite'], '--overwrite'),
        (['one', '--timeout', '0'], '--timeout'),
    ],
)
def test_a_wrong_command_line(server, capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        tool.main(arguments)
    assert stop.value.code == 2 and words in capsys.readouterr().err
