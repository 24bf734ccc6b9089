"""The extraction command on a tiny trained model."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from aclnet_plugin.datasets.store import write_annotations
from aclnet_plugin.evaluation.embeddings import (
    build_dataset,
    describe_samples,
    extraction,
    read_embeddings,
    search,
)
from tests.scripts import load_script
from tests.training import build_runner, tiny_config


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/extract_embeddings.py')


@pytest.fixture(scope='module')
def trained(tiny_skeletons, tmp_path_factory):
    """Config and checkpoint; the test split has identities of its own."""
    folder = tmp_path_factory.mktemp('trained')
    content = pickle.loads(tiny_skeletons.read_bytes())
    for place, sample in enumerate(content['annotations']):
        test = sample['frame_dir'].startswith('xsub_val')
        sample['label'] += 70 * test
        sample.update(subject=sample['label'] + 1, condition='nm')
        sample.update(seq=place, view=18)
    ann_file = folder / 'walks.pkl'
    ann_file.write_bytes(pickle.dumps(content))
    config = tiny_config(ann_file, folder / 'work')
    config.train_cfg.max_epochs = 1
    for name in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        config.pop(name)
    build_runner(config, 'trained').train()
    config.test_dataloader.batch_size = 3
    config.dump(folder / 'tiny.py')
    return folder / 'tiny.py', folder / 'work' / 'epoch_1.pth'


@pytest.fixture
def call(tool, trained, tmp_path, capsys):
    """Run the command; exit status, what it says, and the file."""

    def run(name, *flags, config=trained[0], checkpoint=trained[1]):
        out = tmp_path / name
        words = map(str, (config, checkpoint, out, *flags))
        status = tool.main(list(words))
        printed, error = capsys.readouterr()
        return status, printed if status == 0 else error, out

    return run


def one_by_one(config, checkpoint, kind):
    """Embeddings as the head writes them, sample after sample."""
    init_default_scope('mmaction')
    config = Config.fromfile(config)
    config.model.cls_head.embedding = kind
    model = MODELS.build(config.model).eval()
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    data = DATASETS.build(copy.deepcopy(config.test_dataloader.dataset))
    with torch.no_grad():
        return [
            model.test_step(pseudo_collate([data[index]]))[0].pred_feature
            for index in range(len(data))
        ]


@pytest.mark.parametrize('kind', ['pooled', 'concat'])
def test_equals_the_head_sample_by_sample(call, trained, kind):
    status, said, out = call('a.npz', '--embedding', kind, '--device', 'cpu')
    assert status == 0 and f'8 embeddings ({kind}, ' in said
    made = read_embeddings(out)
    want = torch.stack(one_by_one(*trained, kind)).numpy()
    np.testing.assert_allclose(made.features, want, atol=1e-5)
    assert made.names.tolist() == [f'xsub_val_{i:02d}' for i in range(8)]
    assert made.labels.tolist() == [70 + i % 3 for i in range(8)]
    assert made.meta['subject'].tolist() == [71 + i % 3 for i in range(8)]
    assert set(made.meta['condition']) == {'nm'}
    assert made.meta['seq'].tolist() == list(range(16, 24))
    assert dict(made.about) == {
        'embedding': kind,
        'config': 'tiny.py',
        'checkpoint': 'epoch_1.pth',
        'checkpoint_sha256': made.about['checkpoint_sha256'],
        'split': 'xsub_val',
        'tta': False,
    }
    assert len(made.about['checkpoint_sha256']) == 64
    assert not out.with_name('a.npz.parts').exists()
    found = search(made, 'xsub_val_02', exclude_same='subject')
    assert {match.label for match in found} == {70, 71}


def test_another_split_and_the_kind_of_the_config(call):
    status, _, train = call(
        *('a.npz', '--split', 'xsub_train', '--batch-size', '5'),
        *('--quiet', '--cfg-options', 'model.cls_head.embedding=intra'),
    )
    assert status == 0
    gallery = read_embeddings(train)
    assert len(gallery) == 16 and gallery.about['embedding'] == 'intra'
    assert gallery.about['split'] == 'xsub_train'
    _, _, test = call('b.npz', '--embedding', 'intra')
    found = search(read_embeddings(test), 'xsub_val_00', gallery)
    assert found[0].name.startswith('xsub_train')


def test_stock_head(call, stgcn_config, tmp_path):
    init_default_scope('mmaction')
    config = Config.fromfile(stgcn_config)
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    path = tmp_path / 'stock.pth'
    # A classifier of other classes has no part in it.
    state = {
        key: value[:2] if key.startswith('cls_head') else value
        for key, value in model.state_dict().items()
    }
    torch.save({'meta': {}, 'state_dict': state}, path)
    stock = dict(config=stgcn_config, checkpoint=path)
    # Frames are drawn the same way each time in test mode only.
    clips = 'test_dataloader.dataset.pipeline.2.num_clips=3'
    mode = 'test_dataloader.dataset.pipeline.2.test_mode=True'
    flags = ('--cfg-options', clips, mode)
    status, said, out = call('a.npz', *flags, **stock)
    assert status == 0, said
    sampler = config.test_dataloader.dataset.pipeline[2]
    sampler.update(num_clips=3, test_mode=True)
    data = DATASETS.build(config.test_dataloader.dataset)
    for index, feature in enumerate(read_embeddings(out).features):
        want = 0
        for clip in data[index]['inputs'].float():
            pooled = model.backbone(clip[None]).mean((0, 1, 3, 4))
            want = want + pooled.detach() / 3
        torch.testing.assert_close(torch.tensor(feature), want / want.norm())
    status, said, _ = call('b.npz', '--embedding', 'inter', **stock)
    assert status == 1 and "a GCNHead has no embedding 'inter'" in said


def test_test_time_augmentation(call, trained, tmp_path):
    config = Config.fromfile(trained[0])
    *before, form, pack = config.test_dataloader.dataset.pipeline
    reverse = [dict(type='TemporalReverse', p=p) for p in (0.0, 1.0)]
    config.tta_pipeline = [
        *before,
        dict(type='TestTimeAug', transforms=[reverse, [form], [pack]]),
    ]
    config.dump(tmp_path / 'tta.py')
    status, said, out = call('a.npz', '--tta', config=tmp_path / 'tta.py')
    assert status == 0, said
    made = read_embeddings(out)
    assert made.about['tta'] is True
    init_default_scope('mmaction')
    config.model.cls_head.embedding = 'pooled'
    model = MODELS.build(config.model).eval()
    load_checkpoint(model, str(trained[1]), map_location='cpu')
    data = DATASETS.build(config.test_dataloader.dataset)
    for index, feature in enumerate(made.features):
        batch = pseudo_collate([data[index]])
        mean = 0
        for dims in ([], [2]):
            inputs = [clip.flip(dims) for clip in batch['inputs']]
            version = {**copy.deepcopy(batch), 'inputs': inputs}
            with torch.no_grad():
                mean = mean + model.test_step(version)[0].pred_feature
        torch.testing.assert_close(torch.tensor(feature), mean / mean.norm())
    status, said, _ = call('b.npz', '--tta')
    assert status == 1 and 'needs a tta_pipeline' in said


def test_goes_on_after_an_interruption(call, monkeypatch):
    status, _, whole = call('whole.npz')
    assert status == 0
    steps = []
    embed_batch = extraction.embed_batch

    def interrupted(*args):
        steps.append(args)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return embed_batch(*args)

    monkeypatch.setattr(extraction, 'embed_batch', interrupted)
    status, said, out = call('a.npz')
    assert status == 1 and 'the same command goes on' in said
    assert not out.exists()
    assert len(list(out.with_name('a.npz.parts').iterdir())) == 1
    # What others left is not taken.
    status, _, other = call('a.npz', '--embedding', 'inter')
    assert status == 0 and len(steps) == 6, 'all three batches'
    other.unlink()
    steps.clear()
    status, _, _ = call('b.npz')
    monkeypatch.setattr(extraction, 'embed_batch', embed_batch)
    status, _, again = call('b.npz')
    assert status == 0
    np.testing.assert_array_equal(
        read_embeddings(again).features, read_embeddings(whole).features
    )


def test_what_is_kept_is_taken(call, monkeypatch):
    monkeypatch.setattr(extraction, 'KEEP_SECONDS', 0.0)
    _, _, whole = call('whole.npz')
    sizes = []
    embed_batch = extraction.embed_batch

    def killed(*args):
        sizes.append(len(args[1]['inputs']))
        if len(sizes) == 3:
            raise RuntimeError('out of memory')
        return embed_batch(*args)

    monkeypatch.setattr(extraction, 'embed_batch', killed)
    status, said, out = call('a.npz')
    assert status == 1 and said == 'error: out of memory\n'
    parts = out.with_name('a.npz.parts')
    assert sorted(path.name[:9] for path in parts.iterdir()) == [
        *('000000000', '000000003'),
    ]
    status, _, _ = call('a.npz')
    assert status == 0 and sizes == [3, 3, 2, 2]
    assert not parts.exists()
    np.testing.assert_array_equal(
        read_embeddings(out).features, read_embeddings(whole).features
    )


@pytest.mark.parametrize('suffix', ['pkl', 'store'])
def test_what_is_kept_of_other_data_of_the_same_names_is_not_taken(
    tool, trained, tmp_path, suffix
):
    """A file or store that was written anew has another key."""
    config = Config.fromfile(trained[0])
    dataset = config.test_dataloader.dataset
    content = pickle.loads(Path(dataset.ann_file).read_bytes())
    dataset.ann_file = str(tmp_path / f'walks.{suffix}')
    keys = []
    for factor in (1, 2):
        for sample in content['annotations']:
            sample['keypoint'] = sample['keypoint'] * factor
        write_annotations(content, dataset.ann_file, overwrite=True)
        loaded, loader = build_dataset(config)
        given = config.model, loader, describe_samples(loaded), {}
        keys.append(tool.settings_key(*given))
        assert tool.settings_key(*given) == keys[-1]
    assert len(set(keys)) == 2


def test_existing_files_stay(call):
    _, _, out = call('a.npz')
    before = out.read_bytes()
    status, said, _ = call('a.npz', '--embedding', 'inter')
    assert status == 1 and 'use --overwrite' in said
    assert out.read_bytes() == before
    status, _, _ = call('a.npz', '--embedding', 'inter', '--overwrite')
    assert status == 0
    assert read_embeddings(out).about['embedding'] == 'inter'


def test_what_cannot_be(call, trained, stgcn_config, tmp_path):
    def failure(name='a.npz', *flags, **files):
        status, said, out = call(name, *flags, **files)
        assert status == 1 and said.startswith('error: ')
        assert not out.exists()
        return said

    assert 'must end in .npz' in failure('a.pkl')
    assert 'no file' in failure(checkpoint=tmp_path / 'none.pth')
    foreign = failure(config=stgcn_config)
    assert 'does not fit the model of the config' in foreign
    assert 'config it was trained with' in foreign
    wrong = 'model.backbone.base_channels=16'
    assert 'size mismatch' in failure(
        'a.npz', '--cfg-options', wrong, 'model.cls_head.in_channels=16'
    )
    assert '--device gpu' in failure('a.npz', '--device', 'gpu')
    assert 'xsub_x' in failure('a.npz', '--split', 'xsub_x')
    other = 'model.type=RecognizerNone'
    assert 'model of the config cannot' in failure(
        'a.npz', '--cfg-options', other
    )
    torn = tmp_path / 'torn.pth'
    torn.write_bytes(trained[1].read_bytes()[:2000])
    assert 'not a complete checkpoint' in failure(checkpoint=torn)
    evil = tmp_path / 'evil.pth'
    torch.save({'state_dict': {}, 'run': Path('x')}, evil)
    assert 'refused as a checkpoint' in failure(checkpoint=evil)
    broken = tmp_path / 'broken.py'
    broken.write_text('model = ')
    assert 'cannot be read' in failure(config=broken)


@pytest.mark.parametrize(
    ('lost', 'kind'),
    [('backbone.gcn.1.', 'pooled'), ('cls_head.intra_proj.', 'intra')],
)
def test_checkpoints_without_weights_that_are_needed(
    call, trained, tmp_path, lost, kind
):
    saved = torch.load(trained[1], weights_only=True)
    kept = {k: v for k, v in saved['state_dict'].items() if lost not in k}
    assert len(kept) < len(saved['state_dict'])
    torch.save({'state_dict': kept}, tmp_path / 'less.pth')
    less = tmp_path / 'less.pth'
    status, said, _ = call('a.npz', '--embedding', kind, checkpoint=less)
    assert status == 1 and f'it has no {lost}' in said
    if kind == 'intra':
        assert call('a.npz', checkpoint=less)[0] == 0, 'pooled needs none'


def test_training_that_diverged(call, trained, tmp_path):
    saved = torch.load(trained[1], weights_only=True)
    key = next(k for k in saved['state_dict'] if k.endswith('.weight'))
    saved['state_dict'][key].fill_(float('nan'))
    torch.save(saved, tmp_path / 'nan.pth')
    status, said, _ = call('a.npz', checkpoint=tmp_path / 'nan.pth')
    assert status == 1
    assert 'sample 0 (xsub_val_00) is not finite' in said
