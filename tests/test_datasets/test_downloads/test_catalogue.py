"""The catalogue holds together."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from aclnet_plugin.datasets.converters.ntu.protocol import NOMINAL
from aclnet_plugin.datasets.downloads.catalogue import ON_REQUEST, PUBLIC
from aclnet_plugin.datasets.downloads.checksums import split_checksum

DOCS = Path(__file__).resolve().parents[3] / 'docs' / 'data'


@pytest.mark.parametrize('name', PUBLIC)
def test_public_files(name):
    entry = PUBLIC[name]
    assert entry.about and entry.terms and entry.urls
    for url in entry.urls:
        parts = urlsplit(url)
        assert parts.scheme == 'https' and parts.netloc and parts.path
    assert PurePosixPath(entry.file_name).name == entry.file_name
    if entry.checksum:
        split_checksum(entry.checksum)
    assert all(count > 0 for count in entry.counts.values())


def test_no_name_and_no_file_is_there_twice():
    files = [entry.file_name for entry in PUBLIC.values()]
    assert len(set(files)) == len(files)
    assert not set(PUBLIC) & set(ON_REQUEST)


@pytest.mark.parametrize('name', ON_REQUEST)
def test_data_on_request(name):
    entry = ON_REQUEST[name]
    assert entry.about and entry.ask
    assert urlsplit(entry.site).scheme in ('http', 'https')


def test_counts_of_ntu_agree():
    missing = {60: 56880 - 302, 120: 114480 - 535}
    for benchmark, total in missing.items():
        counts = PUBLIC[f'ntu{benchmark}_3d'].counts
        assert counts == NOMINAL[benchmark]
        halves = [*counts.values()]
        assert halves[0] + halves[1] == halves[2] + halves[3] == total


def test_pages_are_there():
    pages = {entry.page for entry in (*PUBLIC.values(), *ON_REQUEST.values())}
    for page in pages - {''}:
        assert (DOCS / page).is_file(), page
    for name in ('casia_b', 'casia_b_pose'):
        assert (PUBLIC | ON_REQUEST)[name].page == 'casia_b.md'


def test_the_table_of_the_documents_has_all():
    text = (DOCS / 'README.md').read_text(encoding='utf-8')
    pages = ''.join(
        (DOCS / name).read_text(encoding='utf-8')
        for name in ('finegym.md', 'kinetics_skeleton.md')
    )
    for name in (*PUBLIC, *ON_REQUEST):
        assert re.search(rf'\b{name}\b', text + pages), name
    for entry in PUBLIC.values():
        for count in entry.counts.values():
            assert f'{count:,}' in text
