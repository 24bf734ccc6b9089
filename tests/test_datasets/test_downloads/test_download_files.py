"""Downloads from a server on this machine that misbehaves."""

import base64
import errno
import hashlib
import json
import urllib.request

import numpy as np
import pytest

from aclnet_plugin.datasets.downloads import http_requests, partial_file
from aclnet_plugin.datasets.downloads.checksums import read_record
from aclnet_plugin.datasets.downloads.download import fetch, fetch_from_any
from aclnet_plugin.datasets.downloads.errors import (
    DownloadError,
    ServerDownError,
    UnavailableError,
)
from aclnet_plugin.datasets.downloads.transfers import Patience, Watcher
from tests.local_server import serve

CONTENT = b'\x80\x04' + np.random.default_rng(0).bytes(700_000)
OTHER = b'\x80\x04' + np.random.default_rng(1).bytes(600_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with serve(CONTENT) as (site, address):
        site.url = f'{address}/data.pkl'
        site.address = address
        yield site


@pytest.fixture
def target(tmp_path):
    return tmp_path / 'data' / 'skeleton' / 'data.pkl'


class Quick:
    """Gives up soon and remembers what it was told."""

    def __init__(self, attempts=3):
        self.waits, self.said, self.steps = [], [], []
        self.patience = Patience(attempts, 5.0, self.waits.append)
        self.watcher = Watcher(
            lambda done, total: self.steps.append((done, total)),
            self.said.append,
        )

    def fetch(self, url, target, checksum=None):
        return fetch(url, target, checksum, self.patience, self.watcher)


def names(target):
    return sorted(path.name for path in target.parent.iterdir())


def begin(server, target, size):
    """Leave a download that was interrupted."""
    server.cuts = [size]
    with pytest.raises(ServerDownError, match=r'start again to continue'):
        Quick(attempts=1).fetch(server.url, target)
    server.asked.clear()


def test_a_file_arrives_with_its_record(server, target):
    quick = Quick()
    assert quick.fetch(server.url, target) == SHA256
    assert target.read_bytes() == CONTENT
    assert names(target) == ['data.pkl', 'data.pkl.sha256']
    assert read_record(target) == SHA256
    assert quick.steps[-1] == (len(CONTENT), len(CONTENT))
    assert quick.steps == sorted(quick.steps) and len(quick.steps) > 1


def test_a_cut_connection_is_continued(server, target):
    server.cuts = [300_000, 100_000]
    quick = Quick()
    assert quick.fetch(server.url, target) == SHA256
    assert target.read_bytes() == CONTENT
    assert server.ranges_asked == [None, 'bytes=300000-', 'bytes=400000-']
    assert 'cut after 0.3 MB of 0.7 MB' in quick.said[0]


def test_another_call_continues(server, target):
    begin(server, target, 300_000)
    assert names(target) == ['data.pkl.part', 'data.pkl.part.json']
    assert Quick().fetch(server.url, target) == SHA256
    assert target.read_bytes() == CONTENT
    assert server.ranges_asked == ['bytes=300000-']
    assert names(target) == ['data.pkl', 'data.pkl.sha256']


def test_all_had_arrived_before_the_end(server, target):
    begin(server, target, len(CONTENT) - 1)
    with open(target.with_name('data.pkl.part'), 'ab') as file:
        file.write(CONTENT[-1:])
    assert Quick().fetch(server.url, target) == SHA256
    assert not server.asked


def test_a_file_that_has_changed_starts_again(server, target):
    begin(server, target, 300_000)
    server.content, server.etag = OTHER, '"two"'
    quick = Quick()
    quick.fetch(server.url, target)
    assert target.read_bytes() == OTHER
    assert server.ranges_asked == ['bytes=300000-']
    assert any('from the beginning' in text for text in quick.said)


def test_a_change_between_two_attempts_starts_again(server, target):
    server.cuts = [300_000]

    def change(seconds):
        server.content, server.etag = OTHER, '"two"'

    fetch(server.url, target, patience=Patience(3, 5.0, change))
    assert target.read_bytes() == OTHER


@pytest.mark.parametrize('etag', [None, 'W/"weak"'])
def test_what_cannot_be_told_apart_starts_again(server, target, etag):
    server.etag = etag
    begin(server, target, 300_000)
    assert Quick().fetch(server.url, target) == SHA256
    assert server.ranges_asked == [None]


def test_the_date_of_the_last_change_will_do(server, target):
    server.etag = None
    server.headers['Last-Modified'] = 'Wed, 01 Jan 2025 00:00:00 GMT'
    begin(server, target, 300_000)
    server.etag = server.headers['Last-Modified']  # what If-Range must hold
    assert Quick().fetch(server.url, target) == SHA256
    assert server.ranges_asked == ['bytes=300000-']


def test_a_server_without_ranges_starts_again(server, target):
    begin(server, target, 300_000)
    server.ranges = False
    assert Quick().fetch(server.url, target) == SHA256
    assert target.read_bytes() == CONTENT


def test_a_server_that_continues_elsewhere_starts_again(server, target):
    begin(server, target, 300_000)
    server.shift = 5
    quick = Quick()
    assert quick.fetch(server.url, target) == SHA256
    assert server.ranges_asked == ['bytes=300000-', None]
    assert 'continues elsewhere' in quick.said[0]


def test_more_has_arrived_than_there_is(server, target):
    begin(server, target, 300_000)
    with open(target.with_name('data.pkl.part'), 'ab') as file:
        file.write(bytes(len(CONTENT)))
    assert Quick().fetch(server.url, target) == SHA256
    assert server.ranges_asked[-1] is None


@pytest.mark.parametrize('notes', ['', '{', '[]', '{"url": 1, "odd": 2}'])
def test_damaged_notes_start_again(server, target, notes):
    begin(server, target, 300_000)
    target.with_name('data.pkl.part.json').write_text(notes)
    assert Quick().fetch(server.url, target) == SHA256
    assert server.ranges_asked == [None]


def test_the_part_of_another_address_is_not_continued(server, target):
    begin(server, target, 300_000)
    assert Quick().fetch(f'{server.address}/other', target) == SHA256
    assert server.ranges_asked == [None]


def test_gives_up_without_progress_and_keeps_what_came(server, target):
    server.cuts = [300_000, 0, 0, 0]
    quick = Quick(attempts=3)
    with pytest.raises(ServerDownError, match=r'0\.3 MB are kept'):
        quick.fetch(server.url, target)
    assert target.with_name('data.pkl.part').stat().st_size == 300_000
    assert quick.waits == [1.0, 2.0]


def test_progress_gives_new_patience(server, target):
    server.cuts = [100_000, 0, 100_000, 0, 100_000, 0]
    assert Quick(attempts=3).fetch(server.url, target) == SHA256


def test_a_busy_server_is_asked_again(server, target):
    server.statuses = [503, 429]
    server.paths = {}
    quick = Quick()
    assert quick.fetch(server.url, target) == SHA256
    assert '503' in quick.said[0] and '429' in quick.said[1]


@pytest.mark.parametrize(
    ('status', 'words'),
    [
        (404, 'no such file'),
        (410, 'no such file'),
        (403, 'login'),
        (401, 'login'),
        (407, 'https_proxy'),
        (400, 'refuses'),
    ],
)
def test_a_refusal_is_final(server, target, status, words):
    server.statuses = [status]
    with pytest.raises(UnavailableError, match=words) as error:
        Quick().fetch(server.url, target)
    assert server.url in str(error.value) and str(status) in str(error.value)
    assert len(server.asked) == 1 and not names(target)


@pytest.mark.parametrize(
    ('content', 'kind'),
    [
        (b'\n <!DOCTYPE html><p>Please log in', 'application/octet-stream'),
        (b'<html>', 'application/octet-stream'),
        (b'Please log in', 'text/html; charset=utf-8'),
    ],
)
def test_a_page_is_no_file(server, target, content, kind):
    server.content = content
    server.headers['Content-Type'] = kind
    with pytest.raises(UnavailableError, match='web page instead'):
        Quick().fetch(server.url, target)
    assert not names(target)


def test_a_page_does_not_cost_what_had_arrived(server, target):
    begin(server, target, 300_000)
    server.content, server.etag = b'<html>log in first</html>', None
    with pytest.raises(UnavailableError, match='web page instead'):
        Quick().fetch(server.url, target)
    server.content, server.etag = CONTENT, '"one"'
    assert Quick().fetch(server.url, target) == SHA256
    assert server.ranges_asked[-1] == 'bytes=300000-'


@pytest.mark.parametrize('kind', ['sha256', 'md5'])
def test_the_known_checksum_is_compared(server, target, kind):
    good = hashlib.new(kind, CONTENT).hexdigest()
    assert Quick().fetch(server.url, target, f'{kind}:{good}') == SHA256
    bad = hashlib.new(kind, OTHER).hexdigest()
    old = target.read_bytes()
    with pytest.raises(DownloadError, match=f'{kind} is {good}.*{bad}'):
        Quick().fetch(server.url, target, f'{kind}:{bad}')
    assert target.read_bytes() == old, 'the file that was there is lost'
    assert names(target) == ['data.pkl', 'data.pkl.sha256']


def test_the_checksum_of_the_server_is_compared(server, target):
    for content, fits in ((CONTENT, True), (OTHER, False)):
        digest = hashlib.md5(content).digest()
        server.headers['Content-MD5'] = base64.b64encode(digest).decode()
        if fits:
            begin(server, target, 300_000)  # a part keeps what was said
            assert Quick().fetch(server.url, target) == SHA256
        else:
            with pytest.raises(DownloadError, match='of the server'):
                Quick().fetch(server.url, target)


def test_an_odd_checksum_of_the_server_is_ignored(server, target):
    server.headers['Content-MD5'] = 'not base64!'
    assert Quick().fetch(server.url, target) == SHA256


def test_an_unknown_length_is_mentioned(server, target):
    server.length = False
    quick = Quick()
    assert quick.fetch(server.url, target) == SHA256
    assert 'how long' in quick.said[-1]
    assert quick.steps[-1] == (len(CONTENT), None)


def test_a_redirection_is_followed(server, target):
    server.paths['/moved.pkl'] = '/data.pkl'
    server.cuts = [300_000]
    assert Quick().fetch(f'{server.address}/moved.pkl', target) == SHA256
    assert [wanted for _, wanted in server.asked[-2:]] == ['bytes=300000-'] * 2


def test_a_redirection_without_end_is_not(server, target):
    server.paths = {'/a': '/b', '/b': '/a'}
    with pytest.raises(UnavailableError, match='without end'):
        Quick().fetch(f'{server.address}/a', target)


def test_an_encrypted_line_is_not_left():
    request = urllib.request.Request('https://safe.invalid/a')
    follow = http_requests._Redirects().redirect_request
    target = 'https://other.invalid/a'
    kept = follow(request, None, 302, 'Found', {}, target)
    assert kept.full_url == target
    with pytest.raises(UnavailableError, match='not encrypted'):
        follow(request, None, 302, 'Found', {}, 'http://safe.invalid/a')


def test_no_server(tmp_path):
    with serve(b'') as (_, address):
        pass
    with pytest.raises(ServerDownError, match=r'no connection.*3 attempts'):
        Quick().fetch(f'{address}/a', tmp_path / 'a')
    assert not list(tmp_path.iterdir())


def test_a_proxy_from_the_environment_is_used(server, target, monkeypatch):
    monkeypatch.setenv('http_proxy', server.address)
    url = 'http://nowhere.invalid/data.pkl'
    assert Quick().fetch(url, target) == SHA256
    assert server.asked[0][0] == url


class FullDisk:
    """Takes some bytes, then none."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if self.room < len(data):
            raise OSError(errno.ENOSPC, 'No space left on device')
        self.room -= len(data)
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk_keeps_what_came(server, target, monkeypatch):
    original = partial_file.PartialFile.__init__

    def make(self, target):
        original(self, target)
        self._file = FullDisk(self._file, 300_000)

    with monkeypatch.context() as patch:
        patch.setattr(partial_file.PartialFile, '__init__', make)
        with pytest.raises(DownloadError, match=r'is full.*is kept'):
            Quick().fetch(server.url, target)
    kept = target.with_name('data.pkl.part').stat().st_size
    assert 0 < kept <= 300_000
    server.asked.clear()
    assert Quick().fetch(server.url, target) == SHA256
    assert server.ranges_asked == [f'bytes={kept}-']


def test_what_does_not_fit_is_not_begun(server, target, monkeypatch):
    usage = type('Usage', (), dict(free=1000))
    monkeypatch.setattr(partial_file.shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(DownloadError, match=r'needs 0\.7 MB more.*1000 bytes'):
        Quick().fetch(server.url, target)
    assert not names(target)


def test_two_processes_do_not_write_the_same_part(server, target):
    pytest.importorskip('fcntl')
    with (
        partial_file.partial_file(target),
        pytest.raises(DownloadError, match='another process'),
    ):
        Quick().fetch(server.url, target)


def fetch_any(server, paths, target, quick):
    urls = [f'{server.address}/{path}' for path in paths]
    return fetch_from_any(urls, target, None, quick.patience, quick.watcher)


def test_the_next_address_is_asked(server, target):
    server.paths['/a'] = 404
    assert fetch_any(server, 'abc', target, Quick()) == SHA256
    assert [path for path, _ in server.asked] == ['/a', '/b']


def test_all_addresses_are_told(server, target):
    server.paths = {'/a': 404, '/b': 403}
    with pytest.raises(UnavailableError, match=r'(?s)/a: .*404.*/b: .*403'):
        fetch_any(server, 'ab', target, Quick())


def test_a_part_is_not_given_up_for_another_address(server, target):
    server.paths['/a'] = 404
    server.cuts = [300_000]
    with pytest.raises(UnavailableError, match=r'0\.3 MB are kept'):
        fetch_any(server, 'abc', target, Quick(attempts=1))
    server.asked.clear()
    server.cuts = [0]
    with pytest.raises(UnavailableError, match='/b'):
        fetch_any(server, 'abc', target, Quick(attempts=1))
    assert server.asked == [('/b', 'bytes=300000-')]
    server.asked.clear()
    assert fetch_any(server, 'abc', target, Quick()) == SHA256
    assert server.asked == [('/b', 'bytes=300000-')]


def test_a_part_of_a_dead_address_is_given_up(server, target):
    begin(server, target, 300_000)
    server.paths['/data.pkl'] = 404
    paths = ['data.pkl', 'b']
    assert fetch_any(server, paths, target, Quick()) == SHA256
    assert target.read_bytes() == CONTENT


def test_notes_are_plain(server, target):
    begin(server, target, 300_000)
    notes = json.loads(target.with_name('data.pkl.part.json').read_text())
    assert notes['length'] == len(CONTENT) and notes['validator'] == '"one"'
