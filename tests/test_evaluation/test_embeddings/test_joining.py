"""Streams are joined by name, or refused."""

from dataclasses import replace

import numpy as np
import pytest

from aclnet_plugin.evaluation.embeddings import EmbeddingsError, join_streams
from tests.test_evaluation.test_embeddings.embedding_examples import example

KEYS = {'subject', 'condition', 'seq', 'view'}


def stream(number, **changes):
    """One of several streams of the same samples."""
    made = example(size=3 + number, seed=number, **changes)
    about = {**made.about, 'checkpoint_sha256': str(number)}
    return replace(made, about=about, path=f'{number}.npz')


def reordered(file, order):
    return replace(
        file,
        features=file.features[order],
        names=file.names[order],
        labels=file.labels[order],
        meta={key: column[order] for key, column in file.meta.items()},
    )


def test_unit_vectors_side_by_side():
    one, two = stream(1), stream(2)
    two = replace(two, features=two.features * 5)
    shuffled = reordered(two, [3, 0, 5, 1, 4, 2])
    items = join_streams([one, shuffled], KEYS)
    assert items.features.shape == (6, 9) and set(items.meta) == KEYS
    assert items.names.tolist() == one.names.tolist()
    assert items.subject.tolist() == one.meta['subject'].tolist()
    for row, a, b in zip(
        items.features, one.features, two.features, strict=True
    ):
        want = [*(a / np.linalg.norm(a)), *(b / np.linalg.norm(b))]
        np.testing.assert_allclose(row, want, rtol=1e-6)


def test_neither_file_has_its_names_in_order():
    one = reordered(stream(1), [2, 5, 0, 1, 4, 3])
    two = reordered(stream(2), [3, 0, 5, 1, 4, 2])
    items = join_streams([one, two], KEYS)
    assert items.names.tolist() == one.names.tolist()
    assert items.subject.tolist() == one.meta['subject'].tolist()
    want = stream(2).features[[2, 5, 0, 1, 4, 3]]
    found = items.features[:, 4:]
    np.testing.assert_allclose(found, want, rtol=1e-6)


def test_one_stream_stays_as_it_is():
    one = stream(1)
    one = replace(one, features=one.features * 3)
    items = join_streams([one], KEYS)
    np.testing.assert_array_equal(items.features, one.features)


def test_other_samples():
    one, two = stream(1), stream(2)
    less = reordered(two, [0, 1, 3, 4])
    match = r"2 of 6 samples of 1\.npz are not in 2\.npz: 'walk-2', 'walk-5'"
    for files, named in (([one, less], match), ([less, one], match)):
        with pytest.raises(EmbeddingsError, match=named):
            join_streams(files, KEYS)
    twice = reordered(two, [0, 1, 2, 3, 4, 4])
    with pytest.raises(EmbeddingsError, match=r"2\.npz has more .* 'walk-4'"):
        join_streams([one, twice], KEYS)


def test_contradictions():
    one, two = stream(1), stream(2)
    view = two.meta['view'].copy()
    view[[1, 4]] = 18
    other = replace(two, meta={**two.meta, 'view': view})
    with pytest.raises(EmbeddingsError) as refusal:
        join_streams([one, other], KEYS)
    assert str(refusal.value).startswith(
        "view of 2 samples differs between 1.npz and 2.npz: 'walk-1' has 90 "
        'in the one and 18 in the other.'
    )
    assert len(join_streams([one, other], KEYS - {'view'})) == 6
    text = replace(two, meta={**two.meta, 'view': view.astype(str)})
    with pytest.raises(EmbeddingsError, match='view of 6 samples differs'):
        join_streams([one, text], KEYS)


def test_augmented_and_plain_streams_do_not_mix():
    one, two, three = stream(1), stream(2), stream(3)
    other = replace(three, about={**three.about, 'tta': True})
    match = r'3\.npz was extracted with --tta, 1\.npz without'
    for files in ([one, two, other], [one, other]):
        with pytest.raises(EmbeddingsError, match=match):
            join_streams(files, KEYS)
    with pytest.raises(EmbeddingsError, match=match):
        join_streams([other, one], KEYS)
    # One checkpoint must not count twice in this disguise either.
    twin = replace(one, about={**one.about, 'tta': True}, path='t.npz')
    with pytest.raises(EmbeddingsError, match=r't\.npz was extracted with'):
        join_streams([one, twin], KEYS)
    untold = replace(two, about={'checkpoint_sha256': '2'})
    assert len(join_streams([other, untold], KEYS)) == 6


def test_a_stream_twice_and_metadata_that_is_not_there():
    one, two = stream(1), stream(2)
    copied = replace(one, path='copy.npz')
    with pytest.raises(EmbeddingsError, match=r'1\.npz and copy\.npz are'):
        join_streams([one, two, copied], KEYS)
    kind = replace(copied, about={**one.about, 'embedding': 'inter'})
    assert join_streams([one, kind], KEYS).features.shape == (6, 8)
    unknown = [replace(file, about={}) for file in (one, copied)]
    assert join_streams(unknown, KEYS).features.shape == (6, 8)
    bare = replace(two, meta={'subject': two.meta['subject']})
    with pytest.raises(EmbeddingsError, match=r'2\.npz has no condition, seq'):
        join_streams([one, bare], KEYS)
