import pickle

import numpy as np
import pytest

from aclnet_plugin.analysis.class_names import (
    class_index,
    load_names,
    names_for,
)
from aclnet_plugin.analysis.errors import AnalysisError
from aclnet_plugin.datasets.store import write_annotations


def test_text_pickle_and_store(tmp_path):
    text = tmp_path / 'names.txt'
    text.write_text('\ufeffwave\n\n  sit down \n', encoding='utf-8')
    assert load_names(text, 2) == ['wave', 'sit down']
    content = {
        'annotations': [
            {
                'frame_dir': 'a',
                'label': 0,
                'total_frames': 2,
                'keypoint': np.ones((1, 2, 25, 3), np.float32),
            }
        ],
        'split': {},
        'classes': ['wave', 'sit'],
    }
    pickled = tmp_path / 'data.pkl'
    pickled.write_bytes(pickle.dumps(content))
    assert load_names(pickled, 2) == ['wave', 'sit']
    write_annotations(content, tmp_path / 'data.store')
    assert load_names(tmp_path / 'data.store', 2) == ['wave', 'sit']


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(AnalysisError, match='no file'):
        load_names(tmp_path / 'none.txt', 2)
    with pytest.raises(AnalysisError, match=r'store|header|folder'):
        load_names(tmp_path, 2)
    path = tmp_path / 'names.txt'
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(AnalysisError, match='UTF-8'):
        load_names(path, 2)
    path.write_text('a\nb\nc\n')
    with pytest.raises(AnalysisError, match=r'3 class names.*2 classes'):
        load_names(path, 2)


@pytest.mark.parametrize(
    'own',
    [
        ['a', 'b'],
        {'classes': ('a', 'b')},
        {'dataset_meta': {'classes': ['a', 'b']}},
    ],
)
def test_own_names(own):
    assert names_for(None, own, 2) == ['a', 'b']
    assert names_for(None, own, 3) == ['class 0', 'class 1', 'class 2']


def test_a_file_has_the_last_word(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_text('x\ny\n')
    assert names_for(path, ['a', 'b'], 2) == ['x', 'y']


def test_class_by_name_or_index():
    names = ['Wave', 'wave', '0', 'sit down', 'sit down']
    assert class_index('wave', names) == 1
    assert class_index('0', names) == 2  # a name comes first
    assert class_index('1', names) == 1
    with pytest.raises(AnalysisError, match='3, 4'):
        class_index('sit down', names)
    with pytest.raises(AnalysisError, match='2 classes'):
        class_index('WAVE', names)
    for wrong in ('5', '-1', '٣', ''):
        with pytest.raises(AnalysisError, match='from 0 to 4'):
            class_index(wrong, names)
    with pytest.raises(AnalysisError, match="'sit down'"):
        class_index('sit dwn', names)
