"""The model index and the README of the configs point at what is there."""

import csv
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / 'configs' / 'aclnet' / 'README.md'
# Written from the publication, not from the README.
with (ROOT / 'tests' / 'data' / 'published.csv').open(newline='') as _file:
    PUBLISHED = {row.pop('setting'): row for row in csv.DictReader(_file)}
METAFILES = [
    ROOT / name
    for name in yaml.safe_load((ROOT / 'model-index.yml').read_text())[
        'Import'
    ]
]


HEADLINE = {
    'Skeleton-based Action Recognition': 'Top 1 Accuracy',
    'Gait Recognition': 'Rank-1',
    'Person Re-Identification': 'Rank-1',
}
"""The metric of each task that the table of the configs tells."""


def entries():
    for path in METAFILES:
        content = yaml.safe_load(path.read_text())
        yield from ((content, model) for model in content['Models'])


def test_every_metafile_is_imported():
    assert set(METAFILES) == set(ROOT.glob('configs/**/metafile.yml'))


@pytest.mark.parametrize(
    ('content', 'model'), entries(), ids=lambda part: part.get('Name')
)
def test_models_are_complete(content, model):
    config = ROOT / model['Config']
    assert config.is_file() and config.stem == model['Name']
    (collection,) = content['Collections']
    assert model['In Collection'] == collection['Name']
    assert (ROOT / collection['README']).is_file()
    assert {'Architecture', 'Epochs', 'Seed', 'Commit'} <= set(
        model['Metadata']
    )
    results = model['Results']
    assert results
    for result in results:
        assert {'Dataset', 'Task', 'Metrics'} == set(result)
        # What the table says of it.
        row = next(
            line
            for line in (config.parent / 'README.md').read_text().split('\n')
            if config.name in line
        )
        check_result(result, row)


def check_result(result, row):
    assert result['Task'] in HEADLINE
    metrics = result['Metrics']
    if result['Task'] == 'Person Re-Identification':
        assert 'mAP' in metrics
    assert str(metrics[HEADLINE[result['Task']]]) in row


def test_results_of_retrieval_are_told_by_rank():
    row = '| joint | 73.68 | 0 | [config](a.py) |'
    gait = dict(Task='Gait Recognition', Metrics={'Rank-1': 73.68})
    check_result(gait, row)
    reid = dict(Task='Person Re-Identification', Metrics={'Rank-1': 73.68})
    for wrong in (
        dict(gait, Metrics={'Rank-1': 73.69}),
        dict(gait, Metrics={'Top 1 Accuracy': 73.68}),
        dict(gait, Task='Skeleton-based Action Recognition'),
        dict(gait, Task='Retrieval'),
        reid,
    ):
        with pytest.raises((AssertionError, KeyError)):
            check_result(wrong, row)
    reid['Metrics']['mAP'] = 50.0
    check_result(reid, row)


def links(text):
    return re.findall(r'\]\(([^)#\s]+)', text)


def test_links_of_the_readme_resolve():
    found = [link for link in links(README.read_text()) if '://' not in link]
    broken = [link for link in found if not (README.parent / link).exists()]
    assert found and not broken


def test_readme_lists_every_config_once():
    found = [link for link in links(README.read_text()) if '/' not in link]
    names = sorted(link for link in found if link.endswith('.py'))
    assert names == sorted(path.name for path in README.parent.glob('*.py'))


def test_commands_of_the_readme_name_what_is_there():
    named = re.findall(r'\b(?:tools|configs)/[\w/.-]+', README.read_text())
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize('setting', PUBLISHED)
def test_numbers_in_brackets_are_the_published_ones(setting):
    (table,) = (
        part
        for part in README.read_text().split('\n\n')
        if part.startswith('|') and f'_{setting}-keypoint' in part
    )
    found = {}
    for line in table.split('\n')[2:]:
        name, top1 = (cell.strip() for cell in line.split('|')[1:3])
        reported = re.search(r'\(([\d.]+)\)$', top1)
        if reported:
            found[name] = reported[1]
    assert found == PUBLISHED[setting]
