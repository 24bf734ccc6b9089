"""Checkpoints of the official release, there and back."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from tests.golden import GoldenCase
from tests.scripts import load_script

CONFIG = """
default_scope = 'mmaction'
custom_imports = dict(imports=['aclnet_plugin'])
model = dict(
    type='RecognizerGCN',
    backbone=dict(
        type='ACLGCN',
        graph_cfg=dict(layout='nturgb+d'),
        base_channels=12,
        num_stages=6,
        inflate_stages=(3,),
        down_stages=(3,)),
    cls_head=dict(
        type='ACLHead',
        num_classes=9,
        in_channels=24,
        relation_dim=625,
        embed_dim=16))
"""


@pytest.fixture(scope='module')
def tool():
    return load_script('tools/convert_release_checkpoint.py')


@pytest.fixture(scope='module')
def case():
    return GoldenCase('recognizer_test')


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(CONFIG)
    return path


def release_content(case):
    """As a Runner of mmcv 1.x saves it, with the names of the golden case."""
    torch.manual_seed(0)
    state = case.state()
    for name in ('inter_loss', 'intra_loss'):
        state[f'cls_head.{name}.cl_fc.weight'] = torch.randn(16, 625)
        state[f'cls_head.{name}.cl_fc.bias'] = torch.randn(16)
    momentum = {'momentum_buffer': torch.zeros(3)}
    return {
        'meta': {
            'env_info': 'Python: 3.8',
            'seed': 1,
            'epoch': 150,
            'iter': 375600,
            'mmcv_version': '1.7.0',
            'time': 'Mon Jan  1 00:00:00 2024',
            'config': 'model = dict()\n',
            'CLASSES': None,
            'hook_msgs': {
                'best_score': np.float64(0.9144),
                'best_ckpt': 'best_top1_acc_epoch_149.pth',
                'last_ckpt': None,
            },
        },
        'state_dict': OrderedDict(state),
        'optimizer': {
            'state': {0: momentum},
            'param_groups': [{'lr': 0.0, 'params': [0]}],
        },
    }


@pytest.fixture(params=[True, False], ids=['zip', 'legacy'])
def release(case, tmp_path, request):
    path = tmp_path / 'release.pth'
    torch.save(
        release_content(case),
        path,
        _use_new_zipfile_serialization=request.param,
    )
    return path


def convert(tool, *arguments):
    return tool.main([str(argument) for argument in arguments])


def read(path):
    return torch.load(path, weights_only=True)


def test_equal_logits_and_back_bit_by_bit(
    tool, case, release, config, tmp_path, capsys
):
    ours, back = tmp_path / 'new' / 'ours.pth', tmp_path / 'back.pth'
    assert convert(tool, release, ours, '--config', config) == 0
    text = capsys.readouterr().out
    assert 'cls_head.fc_cls.weight -> cls_head.fc.weight' in text
    assert 'renamed (6)' in text and 'fits the model' in text
    assert 'optimizer' in text and 'missing (8)' in text
    assert 'affinity.confusion.counts' in text
    assert 'warning' not in text

    content = read(ours)
    assert set(content) == {'meta', 'state_dict'}
    assert content['meta']['release_meta']['epoch'] == 150
    init_default_scope('mmaction')
    model = MODELS.build(tool.Config.fromfile(config).model)
    state = content['state_dict']
    fresh = {k: v for k, v in model.state_dict().items() if k not in state}
    assert all(key.startswith('cls_head.affinity.') for key in fresh)
    model.load_state_dict(fresh | state, strict=True)
    for module, name in (
        (model.cls_head.inter_proj, 'inter_loss'),
        (model.cls_head.intra_proj, 'intra_loss'),
    ):
        wanted = read(release)['state_dict'][f'cls_head.{name}.cl_fc.weight']
        assert torch.equal(module.weight, wanted)
    model.eval()
    with torch.no_grad():
        logits, _ = model.extract_feat(case['input/keypoint'], stage='head')
    case.compare('expected/clip_logits', logits.view(2, 3, -1))

    assert convert(tool, ours, back, '--reverse', '--config', config) == 0
    original, returned = read(release), read(back)
    assert returned['meta'] == original['meta']
    assert list(returned['state_dict']) == list(original['state_dict'])
    for key, value in original['state_dict'].items():
        other = returned['state_dict'][key]
        assert other.dtype == value.dtype and torch.equal(other, value), key


def test_a_runner_loads_it(tool, case, release, config, tmp_path):
    out = tmp_path / 'ours.pth'
    assert convert(tool, release, out, '--quiet') == 0
    init_default_scope('mmaction')
    model = MODELS.build(tool.Config.fromfile(config).model)
    load_checkpoint(model, str(out), map_location='cpu')
    wanted = read(release)['state_dict']['cls_head.fc_cls.bias']
    assert torch.equal(model.cls_head.fc.bias, wanted)


def test_our_own_training_goes_to_the_release(tool, config, tmp_path, capsys):
    init_default_scope('mmaction')
    model = MODELS.build(tool.Config.fromfile(config).model)
    source, out = tmp_path / 'epoch_3.pth', tmp_path / 'release.pth'
    content = {
        'meta': {'epoch': 3, 'iter': 9},
        'state_dict': model.state_dict(),
        'message_hub': {'x': 1},
    }
    torch.save(content, source)
    assert convert(tool, source, out, '--reverse') == 0
    text = capsys.readouterr().out
    assert 'left out' in text and 'affinity' in text and 'message_hub' in text
    content = read(out)
    assert content['meta'] == {'epoch': 3, 'iter': 9}
    keys = content['state_dict'].keys()
    assert not any('affinity' in k or '_proj' in k for k in keys)
    assert 'cls_head.inter_loss.cl_fc.weight' in keys


def changed(case, path, **entries):
    content = release_content(case)
    for key, value in entries.items():
        key = key.replace('__', '.')
        if value is None:
            del content['state_dict'][key]
        else:
            content['state_dict'][key] = value
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    ('entries', 'message'),
    [
        ({'backbone__data_bn__weight': None}, 'missing: backbone.data_bn'),
        ({'backbone__extra': torch.zeros(1)}, 'not in the model: backbone.e'),
        ({'cls_head__fc_cls__bias': torch.zeros(8)}, r'(8,) (model: (9,))'),
        ({'cls_head__intra_loss__cl_fc__bias': None}, 'missing: cls_head.in'),
    ],
)
def test_weights_that_do_not_fit(
    tool, case, config, tmp_path, capsys, entries, message
):
    path, out = changed(case, tmp_path / 'a.pth', **entries), tmp_path / 'o'
    assert convert(tool, path, out, '--config', config) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: ') and message in error
    assert not out.exists()


def test_what_is_unknown_or_absent_is_told(tool, case, tmp_path, capsys):
    path = changed(
        case,
        tmp_path / 'a.pth',
        backbone__extra=torch.zeros(1),
        cls_head__inter_loss__cl_fc__weight=None,
        cls_head__inter_loss__cl_fc__bias=None,
    )
    assert convert(tool, path, tmp_path / 'out.pth') == 0
    text = capsys.readouterr().out
    assert 'unknown and kept (1): backbone.extra' in text
    assert 'there is no cls_head.inter_proj.weight' in text
    assert 'backbone.extra' in read(tmp_path / 'out.pth')['state_dict']


def failure(tool, capsys, *arguments):
    assert convert(tool, *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: ') and 'Traceback' not in error
    return error


def test_wrong_files(tool, case, tmp_path, capsys):
    path, out = tmp_path / 'a.pth', tmp_path / 'out.pth'
    torch.save(release_content(case), path)
    assert 'has no cls_head.fc.weight' in failure(
        tool, capsys, path, out, '--reverse'
    )
    assert convert(tool, path, out) == 0
    assert 'exists' in failure(tool, capsys, path, out)
    ours = tmp_path / 'ours.pth'
    out.rename(ours)
    assert 'Use --reverse' in failure(tool, capsys, ours, out)
    whole = path.read_bytes()
    for content in (b'', b'text\n', whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert str(path) in failure(tool, capsys, path, out)
    for content in ([1], {}, {'state_dict': {}}, {'state_dict': {'a': 1}}):
        torch.save(content, path)
        assert 'no weights' in failure(tool, capsys, path, out)
    torch.save({'state_dict': {'fc.weight': torch.zeros(1)}}, path)
    assert 'It has fc.weight' in failure(tool, capsys, path, out)
    assert not out.exists()


def test_the_source_is_never_replaced(tool, case, tmp_path, capsys):
    path = tmp_path / 'a.pth'
    torch.save(release_content(case), path)
    before = path.read_bytes()
    (tmp_path / 'link.pth').symlink_to(path)
    for out in (path, tmp_path / 'link.pth'):
        error = failure(tool, capsys, path, out, '--overwrite')
        assert 'another name' in error
    assert path.read_bytes() == before


def test_a_config_without_a_model(tool, case, tmp_path, capsys):
    path, config = tmp_path / 'a.pth', tmp_path / 'config.py'
    torch.save(release_content(case), path)
    config.write_text('x = 1\n')
    error = failure(tool, capsys, path, tmp_path / 'o.pth', '--config', config)
    assert 'cannot be built' in error


class Touch:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return Path.touch, (self.witness,)


@pytest.mark.parametrize('zipped', [True, False])
def test_foreign_code_does_not_run(
    tool, case, tmp_path, capsys, monkeypatch, zipped
):
    # Somebody switched torch's own check off.
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    witness, path = tmp_path / 'witness', tmp_path / 'evil.pth'
    content = release_content(case)
    content['meta']['config'] = Touch(witness)
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    error = failure(tool, capsys, path, tmp_path / 'out.pth')
    assert 'refused' in error
    assert not witness.exists()
    assert not (tmp_path / 'out.pth').exists()
