"""The `release` behaviour against recorded numbers of the reference."""

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from torch.nn import functional as F

from aclnet_plugin.models import ACLHead
from aclnet_plugin.models.affinity.functional import (
    class_affinity,
    nearest_confusions,
)
from tests.golden import GoldenCase


def samples(labels):
    return [ActionDataSample().set_gt_label(int(y)) for y in labels]


def set_epoch(head, epoch, start, first_step):
    head.affinity.set_epoch(
        epoch,
        counting=epoch >= start,
        scoring=epoch > start,
        rebuild=first_step and epoch > start,
    )


def unweighted(head, losses):
    weights = {
        'loss_inter': head.loss_inter.loss_weight,
        'loss_intra': head.loss_intra.loss_weight,
    }
    return {k: losses[k] / w for k, w in weights.items()}


@pytest.mark.parametrize('name', ['inter_c10', 'inter_c16', 'inter_c60'])
def test_inter_class_loss(name):
    case = GoldenCase(name)
    config = case.config
    classes = config['num_classes']
    head = ACLHead(
        classes,
        in_channels=4,
        relation_dim=config['n_channel'],
        embed_dim=config['h_channel'],
        bank_size=10_000,
        behaviour='release',
        loss_inter=dict(loss_weight=1.0),
        families=dict(
            top_k=config['top_k'],
            overlap_threshold=config['overlap_threshold'],
        ),
        prototypes=dict(momentum=config['momentum']),
    )
    head.inter_proj.weight.data = case['state/proj_weight']
    head.inter_proj.bias.data = case['state/proj_bias']
    state = head.affinity
    state.prototypes.mean.copy_(case['state/prototypes_init'].T)
    epochs = case['input/epoch'].tolist()
    per_step = case['expected/prototypes'].shape[0] == len(epochs)
    for step, (x, y, logits) in case.steps('feature', 'label', 'logits'):
        epoch = epochs[step]
        first = step == 0 or epochs[step - 1] != epoch
        last = step + 1 == len(epochs) or epochs[step + 1] != epoch
        if first:
            set_epoch(head, epoch, config['start_epoch'], True)
        x = x.clone().requires_grad_()
        head.zero_grad()
        loss = head.contrastive_losses(x, y, logits.argmax(1))['loss_inter']
        case.compare('expected/loss', loss, step)
        case.compare('expected/active', state.scoring, step)
        if loss.requires_grad:
            loss.backward()
        else:
            assert not state.scoring
        if f'expected/grad/step{step}/feature' in case:
            got = dict(
                feature=x.grad,
                proj_weight=head.inter_proj.weight.grad,
                proj_bias=head.inter_proj.bias.grad,
            )
            for key, value in got.items():
                case.compare(f'expected/grad/step{step}/{key}', value)
        if per_step or last:
            index = step if per_step else epoch - 1
            case.compare('expected/prototypes', state.prototypes.mean.T, index)
        counts = state.confusion.counts
        index = epoch - 1
        if first:
            case.compare('expected/confusion_after_first_step', counts, index)
        if first and state.scoring:
            neighbours, valid = nearest_confusions(counts, fill=True)
            assert valid.all()
            case.compare(
                'expected/neighbours', neighbours.sort(1).values, index
            )
            case.compare(
                'expected/affinity',
                class_affinity(counts, fill=True, union=True),
                index,
            )
            case.compare('expected/family', state.families.member, index)
            case.compare('expected/family_size', state.families.sizes, index)
        if last:
            case.compare('expected/confusion_epoch_end', counts, index)
    case.assert_all_compared(but={'expected/epoch_counter'})


@pytest.mark.parametrize('name', ['intra_small', 'intra_far', 'intra_m128'])
def test_intra_class_loss(name):
    case = GoldenCase(name)
    config = case.config
    head = ACLHead(
        config['num_classes'],
        in_channels=4,
        relation_dim=config['n_channel'],
        embed_dim=config['h_channel'],
        bank_size=config['memory'],
        behaviour='release',
        loss_intra=dict(
            loss_weight=1.0,
            temperature=config['temperature'],
            margin=config['epsilon'],
        ),
    )
    head.intra_proj.weight.data = case['state/proj_weight']
    head.intra_proj.bias.data = case['state/proj_bias']
    bank = head.affinity.bank
    for step, (x, y) in case.steps('feature', 'label'):
        x = x.clone().requires_grad_()
        head.zero_grad()
        loss = head.contrastive_losses(x, y, y)['loss_intra']
        case.compare('expected/loss', loss, step)
        case.compare('expected/bank_length', bank.filled, step)
        if loss.requires_grad:
            loss.backward()
        if f'expected/grad/step{step}/feature' in case:
            got = dict(
                feature=x.grad,
                proj_weight=head.intra_proj.weight.grad,
                proj_bias=head.intra_proj.bias.grad,
            )
            for key, value in got.items():
                case.compare(f'expected/grad/step{step}/{key}', value)
    oldest_first = torch.arange(bank.size) + int(bank.cursor)
    oldest_first %= bank.size
    case.compare('expected/bank_feature_final', bank.feats[oldest_first])
    case.compare('expected/bank_label_final', bank.labels[oldest_first])
    case.assert_all_compared()


def test_whole_head():
    case = GoldenCase('head_small')
    config = case.config
    head = ACLHead(
        config['num_classes'],
        config['in_channels'],
        relation_dim=config['n_channel'],
        bank_size=config['memory_override'],
        behaviour='release',
    )
    weights = case.state()
    head.affinity.prototypes.mean.copy_(weights.pop('prototypes_init').T)
    missing, unexpected = head.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(key.startswith('affinity.') for key in missing)
    epochs = case['input/epoch'].tolist()
    for step, (x, graph, y) in case.steps('x', 'graph', 'label'):
        first = step == 0 or epochs[step - 1] != epochs[step]
        if first:
            set_epoch(head, epochs[step], config['start_epoch_override'], True)
        x, graph = x.clone(), graph.clone()
        x.requires_grad_()
        graph.requires_grad_()
        head.zero_grad()
        losses = head.loss((x, graph), samples(y))
        parts = unweighted(head, losses)
        total = sum(v for k, v in losses.items() if 'loss' in k)
        case.compare('expected/loss_ce', losses['loss_cls'], step)
        case.compare('expected/loss_inter', parts['loss_inter'], step)
        case.compare('expected/loss_intra', parts['loss_intra'], step)
        case.compare('expected/loss_total', total, step)
        case.compare('expected/top1_acc', losses['top1_acc'], step)
        case.compare('expected/top5_acc', losses['top5_acc'], step)
        scores = F.pad(head((x, graph)), (0, 0, 0, 8 - len(y)))
        case.compare('expected/logits', scores, step)
        if step == config['grad_step']:
            total.backward()
            case.compare('expected/grad/x', x.grad)
            case.compare('expected/grad/graph', graph.grad)
            grads = {
                'inter_loss.cl_fc.bias': head.inter_proj.bias.grad,
                'intra_loss.cl_fc.bias': head.intra_proj.bias.grad,
                'fc_cls.weight': head.fc.weight.grad,
                'fc_cls.bias': head.fc.bias.grad,
            }
            for key, grad in grads.items():
                case.compare(f'expected/grad/param/{key}', grad)
    case.assert_all_compared()


def build_recognizer(config, **head):
    init_default_scope('mmaction')
    return MODELS.build(
        dict(
            type='RecognizerGCN',
            backbone=dict(
                type='ACLGCN',
                graph_cfg=dict(
                    layout=config['layout'], num_filter=config['num_filter']
                ),
                base_channels=config['base_channels'],
                num_stages=config['num_stages'],
                inflate_stages=config['inflate_stages'],
                down_stages=config['down_stages'],
                gcn_ratio=config['gcn_ratio'],
            ),
            cls_head=dict(
                type='ACLHead',
                num_classes=config['num_classes'],
                in_channels=config['in_channels'],
                behaviour='release',
                **head,
            ),
        )
    )


def load_release(model, case):
    state = case.state()
    prototypes = state.pop('prototypes_init', None)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all('affinity' in k or '_proj' in k for k in missing), missing
    if prototypes is not None:
        model.cls_head.affinity.prototypes.mean.copy_(prototypes.T)


def test_recognizer_test_path():
    case = GoldenCase('recognizer_test')
    model = build_recognizer(case.config, relation_dim=625)
    load_release(model, case)
    model.eval()
    x = case['input/keypoint']
    with torch.no_grad():
        logits, _ = model.extract_feat(x, stage='head')
        predicted = model(x, samples([0, 0]), mode='predict')
    case.compare('expected/clip_logits', logits.view(2, 3, -1))
    scores = torch.stack([sample.pred_score for sample in predicted])
    case.compare('expected/score', scores)
    case.assert_all_compared()


def test_recognizer_training_path():
    case = GoldenCase('recognizer_train')
    config = case.config
    model = build_recognizer(
        config, relation_dim=400, bank_size=config['memory_override']
    )
    load_release(model, case)
    model.train()
    inputs, labels = case['input/keypoint'], case['input/label']
    for step in range(len(inputs)):
        if step < 2:
            set_epoch(
                model.cls_head, step + 1, config['start_epoch_override'], True
            )
        x = inputs[step].clone().requires_grad_()
        model.zero_grad()
        losses = model(x, samples(labels[step]), mode='loss')
        parts = unweighted(model.cls_head, losses)
        total = sum(v for k, v in losses.items() if 'loss' in k)
        for key, value in {
            'loss_ce': losses['loss_cls'],
            **parts,
            'loss_total': total,
            'top1_acc': losses['top1_acc'],
            'top5_acc': losses['top5_acc'],
        }.items():
            case.compare(f'expected/{key}', value, step)
    total.backward()
    parameters = dict(model.named_parameters())
    head = model.cls_head
    parameters |= {
        'cls_head.fc_cls.weight': head.fc.weight,
        'cls_head.inter_loss.cl_fc.bias': head.inter_proj.bias,
        'cls_head.intra_loss.cl_fc.bias': head.intra_proj.bias,
    }
    grads = {
        key: parameters[key].grad
        for key in case.keys('expected/grad/')
        if key != 'input'
    }
    for key, grad in (grads | {'input': x.grad}).items():
        case.compare(f'expected/grad/{key}', grad)
    case.assert_all_compared()
