"""Class names out of text files."""

import pytest

from aclnet_plugin.datasets.converters.hrnet.class_names import (
    read_class_names,
)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / 'names.txt'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_one_name_a_line(write):
    assert read_class_names(write('walk\nsit down \r\nfall\n\n')) == [
        'walk',
        'sit down',
        'fall',
    ]


def test_the_file_of_finegym(write):
    path = write(
        'Clabel: 0; set: 1; Glabel: 1; (VT) round-off, salto\n'
        'Clabel:   1; set: 21; Glabel: 7; (FX) leap, 1 turn\n'
    )
    names = ['(VT) round-off, salto', '(FX) leap, 1 turn']
    assert read_class_names(path, 2) == names


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a\n\nb', 'line 2 is empty; it has to name class 1'),
        ('a\nb\na', "line 3: 'a' is the name of class 0"),
        ('a\nb', r'names 2 classes; there are 3'),
        ('', r'names 0 classes'),
        ('Clabel: 0; a\nClabel: 2; b', 'line 2: class 2 where 1'),
        ('Clabel: 0; a\nb', r"line 2: 'b' is not like"),
        (b'\xff\xfe', 'UTF-8'),
    ],
)
def test_what_is_wrong(write, text, words):
    with pytest.raises(ValueError, match=words):
        read_class_names(write(text), 3)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        read_class_names(tmp_path / 'nowhere')
