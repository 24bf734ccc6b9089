"""The page itself: complete, escaped and free of outside addresses."""

import base64
import re
from html.parser import HTMLParser

import numpy as np

from aclnet_plugin.analysis.report.page import (
    Picture,
    Section,
    Table,
    render,
)
from aclnet_plugin.visualization import plot_confusion

NASTY = '<script>alert("1")</script> & \'x\''


class Reader(HTMLParser):
    """Tags with their attributes, and text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ('meta', 'img'):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, 'tags are nested as they should be'

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def example():
    figure = plot_confusion(np.array([[0, 2], [1, 0]]))
    table = Table(NASTY, ('name', 'n'), [(NASTY, 1200), ('b', 0.12345)])
    parts = [
        Section(NASTY, [NASTY], [Picture.of_figure(figure, NASTY)], [table]),
        Section('Next', tables=[Table('t', ('a',), [[None]], folded=True)]),
    ]
    return render(NASTY, NASTY, parts)


def test_names_never_become_markup():
    reader = Reader(example())
    assert not reader.all('script')
    assert not reader.open
    for tag in ('title', 'h1', 'h2', 'li', 'p', 'caption', 'td'):
        assert reader.all(tag), tag
    assert reader.words.count(NASTY) == 9
    (image,) = reader.all('img')
    assert image['alt'] == NASTY


def test_nothing_lies_elsewhere():
    page = example()
    reader = Reader(page)
    addresses = [
        value
        for _, attrs in reader.tags
        for key, value in attrs.items()
        if key in ('src', 'href', 'srcset', 'data', 'action')
    ]
    assert len(addresses) == 3
    assert all(one.startswith(('data:image/', '#')) for one in addresses)
    assert 'url(' not in page and '@import' not in page
    ids = {attrs['id'] for attrs in reader.all('section')}
    assert {f'#{name}' for name in ids} <= set(addresses)
    (policy,) = [a for a in reader.all('meta') if 'http-equiv' in a]
    assert policy['content'].startswith("default-src 'none'")


def test_pictures_are_whole():
    data = re.search(r'data:image/png;base64,([^"]+)"', example())[1]
    assert base64.b64decode(data).startswith(b'\x89PNG')


def test_cells():
    page = example()
    assert '<td class="number">1,200</td>' in page
    assert '<td class="number">0.1235</td>' in page
    assert '<td class="number"></td>' in page
    assert page.count('<details>') == 1
