"""Packaging. Every requirement is stated in ``requirements/``, only there."""

import runpy
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def requirements(name: str) -> list[str]:
    """Read one file of ``requirements/``, without its comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    stripped = (line.partition('#')[0].strip() for line in lines)
    return [line for line in stripped if line]


def readme() -> str:
    """Return the long description; a bare checkout may lack it."""
    path = ROOT / 'README.md'
    return path.read_text(encoding='utf-8') if path.is_file() else ''


extras = {
    'analysis': requirements('analysis'),
    'export': requirements('export'),
    'lite': requirements('lite'),
    'mim': requirements('mim'),
    'plot': requirements('plot'),
    'test': requirements('tests'),
}
extras['all'] = sorted({item for group in extras.values() for item in group})
# Large, and for one feature each.
extras['pose'] = requirements('pose')
extras['umap'] = requirements('umap')

setup(
    name='aclnet_plugin',
    version=runpy.run_path(str(ROOT / 'aclnet_plugin' / 'version.py'))[
        '__version__'
    ],
    description='ACLNet for MMAction2: contrastive skeleton recognition',
    long_description=readme(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['aclnet_plugin', 'aclnet_plugin.*']),
    package_data={
        'aclnet_plugin': ['py.typed', '**/*.json', '**/*.npz', '**/*.css']
    },
    python_requires='>=3.10',
    install_requires=requirements('runtime'),
    extras_require=extras,
    classifiers=[
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    zip_safe=False,
)
