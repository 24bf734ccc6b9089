"""ACLNet for MMAction2: skeleton action recognition, gait and re-id.

Importing the package registers its classes, so that a config of MMAction2
needs no more than ``custom_imports = dict(imports=['aclnet_plugin'])``.
"""

from . import compat
from .version import __version__

# The host's models cannot be imported before this.
compat.apply()

from . import apis, datasets, engine, evaluation, models  # noqa: E402

__all__ = [
    '__version__',
    'apis',
    'compat',
    'datasets',
    'engine',
    'evaluation',
    'models',
]
