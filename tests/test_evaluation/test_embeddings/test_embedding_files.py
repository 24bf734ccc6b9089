"""Files of embeddings: what goes in comes out, all else is refused."""

import json
import zipfile

import numpy as np
import pytest

from aclnet_plugin.evaluation.embeddings import (
    EmbeddingsError,
    read_embeddings,
    write_embeddings,
)
from tests.test_evaluation.test_embeddings.embedding_examples import example


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'sub' / 'a.npz'
    write_embeddings(path, example())
    return path


def rewritten(path, **changes):
    """The file with some arrays replaced, or removed by None."""
    with np.load(path) as stored:
        arrays = dict(stored) | changes
    arrays = {k: v for k, v in arrays.items() if v is not None}
    np.savez(path, **arrays)
    return path


def test_round_trip(path):
    want, got = example(), read_embeddings(path)
    assert got.path == str(path)
    np.testing.assert_array_equal(got.features, want.features)
    assert got.features.dtype == np.float32
    assert got.names.tolist() == want.names.tolist()
    assert got.labels.tolist() == want.labels.tolist()
    assert tuple(got.classes) == want.classes
    assert dict(got.about) == want.about
    assert set(got.meta) == set(want.meta)
    for key, column in want.meta.items():
        assert got.meta[key].tolist() == column.tolist()
        assert got.meta[key].dtype == column.dtype


def test_read_with_numpy_alone(path):
    with np.load(path, allow_pickle=False) as stored:
        assert stored['features'].shape == (6, 4)
        assert stored['meta_subject'].tolist() == [75] * 3 + [76] * 3
        assert stored['frame_dir'][0] == 'walk-0'
        about = json.loads(str(stored['about']))
    assert about['checkpoint'] == 'epoch_9.pth' and about['version'] == 1


def test_no_classes_and_no_meta(tmp_path):
    write_embeddings(tmp_path / 'a.npz', example(classes=(), meta={}))
    got = read_embeddings(tmp_path / 'a.npz')
    assert got.classes == () and got.meta == {} and got.class_of(0) == ''


def test_class_of_labels_beyond_the_classes():
    labels = np.array([-1, 0, 2, 3, 99, 1])
    got = example(labels=labels)
    names = [got.class_of(place) for place in range(6)]
    assert names == ['', 'sit', 'läuft, springt', '', '', 'stand']


def test_places_of_names():
    assert example().place_of('walk-4') == 4
    with pytest.raises(EmbeddingsError, match=r'walk-44.*like walk-4'):
        example().place_of('walk-44')
    with pytest.raises(EmbeddingsError, match='like walk-0, walk-1, walk-2'):
        example().place_of('?')
    twice = example(names=np.array(['a', 'b', 'a', 'c', 'd', 'e']))
    with pytest.raises(EmbeddingsError, match='2 samples called a'):
        twice.place_of('a')


@pytest.mark.parametrize('kept', [0.02, 0.5, 0.98])
def test_cut_short(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(EmbeddingsError, match=r'a\.npz .*cut short'):
        read_embeddings(path)


def test_a_flipped_byte(path):
    content = bytearray(path.read_bytes())
    place = content.index(example().features.tobytes())
    content[place + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(EmbeddingsError, match=r'a\.npz is damaged'):
        read_embeddings(path)


def test_foreign_files(path, tmp_path):
    with pytest.raises(FileNotFoundError, match='extract_embeddings'):
        read_embeddings(tmp_path / 'none.npz')
    other = tmp_path / 'other.npz'
    np.savez(other, scores=np.ones(3))
    with pytest.raises(EmbeddingsError, match=r'it has no features, frame_'):
        read_embeddings(other)
    other.write_text('text')
    with pytest.raises(EmbeddingsError, match=r'is no \.npz file'):
        read_embeddings(other)
    np.save(tmp_path / 'a.npy', np.ones(3))
    with pytest.raises(EmbeddingsError, match=r'is no \.npz file'):
        read_embeddings(tmp_path / 'a.npy')
    with zipfile.ZipFile(other, 'w') as archive:
        archive.writestr('features.npy', b'\x93NUMPY nonsense')
    with pytest.raises(EmbeddingsError, match='is damaged'):
        read_embeddings(other)


def test_pickled_objects_do_not_run(path):
    rewritten(path, frame_dir=np.array([print] * 6, object))
    with pytest.raises(EmbeddingsError, match='Object arrays cannot'):
        read_embeddings(path)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(about=np.array('{')), 'does not say'),
        (dict(about=np.array('[1]')), 'does not say'),
        (dict(about=np.array('{"format": "x"}')), 'does not say'),
        (
            dict(about=np.array('{"format": "aclnet embeddings"}')),
            'version None',
        ),
        (dict(features=np.ones((6, 4))), 'features is an array'),
        (dict(features=np.ones(6, np.float32)), 'features is an array'),
        (dict(features=np.ones((5, 4), np.float32)), 'each of 5 rows'),
        (dict(label=np.arange(5)), 'label is an array'),
        (dict(label=np.arange(6.0)), 'label is an array'),
        (dict(frame_dir=np.arange(6)), 'frame_dir is an array'),
        (dict(classes=np.arange(6)), 'no list of names'),
        (dict(meta_view=np.arange(7)), 'view is an array'),
        (dict(meta_view=np.zeros(6, complex)), 'view is an array'),
        (dict(label=None), 'it has no label'),
    ],
)
def test_arrays_that_cannot_be(path, changes, message):
    with pytest.raises(EmbeddingsError, match=message) as error:
        read_embeddings(rewritten(path, **changes))
    assert str(path) in str(error.value)


def test_not_finite():
    features = example().features.copy()
    features[[2, 4], 1] = np.nan
    with pytest.raises(EmbeddingsError, match=r'2 embeddings .* of walk-2'):
        example(features=features)
