"""Names, labels and metadata that a data set tells."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from aclnet_plugin.evaluation.embeddings import (
    EmbeddingsError,
    build_dataset,
    describe_samples,
)


class Samples(list):
    """A data set of annotations alone."""

    metainfo = {'classes': ['a', 'b']}

    def get_data_info(self, index):
        return self[index]


def test_metadata_of_all_kinds():
    table = describe_samples(
        Samples(
            [
                dict(
                    frame_dir='x',
                    label=1,
                    sample_idx=0,
                    view=np.int16(18),
                    condition='nm',
                    good=True,
                    size=1,
                    mixed=3,
                    keypoint=np.zeros((1, 2)),
                    img_shape=(1, 2),
                    layout={},
                    note='n' * 300,
                ),
                dict(filename='y', frame_dir='z', label=np.int64(7)),
                dict(frame_dir=5, size=1.5, mixed='c', huge=2**80, late='l'),
            ]
        )
    )
    assert table.names.tolist() == ['x', 'y', '5']
    assert table.labels.tolist() == [1, 7, -1]
    assert table.classes == ('a', 'b')
    meta = {key: column.tolist() for key, column in table.meta.items()}
    sizes = meta.pop('size')
    assert sizes[::2] == [1.0, 1.5] and np.isnan(sizes[1])
    assert meta == {
        'view': [18, -1, -1],
        'condition': ['nm', 'na', 'na'],
        'good': [1, -1, -1],
        'mixed': ['3', 'na', 'c'],
        'huge': ['na', 'na', str(2**80)],
        'late': ['na', 'na', 'l'],
        # Named by its filename, so that this is another thing.
        'frame_dir': ['na', 'z', 'na'],
    }


def test_several_labels():
    with pytest.raises(EmbeddingsError, match=r"'x' has a list of 2 items"):
        describe_samples(Samples([dict(frame_dir='x', label=[1, 2])]))


@pytest.fixture
def config(stgcn_config):
    init_default_scope('mmaction')
    return Config.fromfile(stgcn_config)


def test_the_test_data_or_another_split(config):
    dataset, loader = build_dataset(config)
    assert len(dataset) == 8 and loader['batch_size'] == 4
    dataset, _ = build_dataset(config, 'xsub_train')
    assert len(dataset) == 16
    assert config.test_dataloader.dataset.split == 'xsub_val', 'a copy'
    config.pop('test_dataloader')
    wrapped = dict(type='RepeatDataset', times=2)
    wrapped['dataset'] = config.val_dataloader.dataset
    config.val_dataloader.dataset = wrapped
    dataset, _ = build_dataset(config, 'xsub_train')
    assert len(dataset) == 32
    assert len(describe_samples(dataset).names) == 32


def test_configs_without_data(config):
    with pytest.raises(EmbeddingsError, match='dataset of the config cannot'):
        build_dataset(config, 'xsub_nowhere')
    with pytest.raises(EmbeddingsError, match='tta_pipeline'):
        build_dataset(config, tta=True)
    config.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[])
    with pytest.raises(EmbeddingsError, match='ConcatDataset without ann'):
        build_dataset(config, 'xsub_train')
    config.pop('test_dataloader')
    config.pop('val_dataloader')
    with pytest.raises(EmbeddingsError, match='neither a test_dataloader'):
        build_dataset(config)
