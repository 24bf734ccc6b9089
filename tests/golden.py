"""Access to recorded outputs of the reference implementation."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).parent / 'data' / 'golden'


class GoldenCase:
    """One file of recorded arrays with its settings and tolerances."""

    def __init__(self, name):
        full = os.environ.get('ACLNET_GOLDEN_DIR')
        path = Path(full or HERE) / f'{name}.npz'
        if not path.exists():
            pytest.skip(f'{name} is only in the full set (ACLNET_GOLDEN_DIR)')
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        if full:
            index = json.loads((Path(full) / 'index.json').read_text())
            meta = index['files'][path.name]
        else:
            meta = json.loads(str(arrays.pop('__meta__')))
        self.config = meta['config']
        self.meta = meta['arrays']
        self.arrays = {
            key: value.astype(self.meta[key]['dtype'])
            for key, value in arrays.items()
        }
        self.compared = set()

    def __contains__(self, key):
        return key in self.arrays

    def __getitem__(self, key):
        return torch.from_numpy(np.array(self.arrays[key]))

    def keys(self, prefix):
        """Names below a prefix, without it."""
        return [
            key.removeprefix(prefix)
            for key in self.arrays
            if key.startswith(prefix)
        ]

    def state(self, prefix='state/'):
        return {key: self[prefix + key] for key in self.keys(prefix)}

    def steps(self, *names):
        """Rows of the named inputs step by step, without padding."""
        sizes = self['input/batch_size'].tolist()
        for step, size in enumerate(sizes):
            yield step, [self[f'input/{name}'][step, :size] for name in names]

    def compare(self, key, got, index=None):
        """Hold a result against a recorded array (or one entry of it)."""
        want = self.arrays[key]
        if index is not None:
            want = want[index]
        got = got.detach().cpu().numpy() if torch.is_tensor(got) else got
        entry = self.meta[key]
        np.testing.assert_allclose(
            np.asarray(got).astype(want.dtype),
            want,
            rtol=entry['rtol'],
            atol=entry['atol'],
            err_msg=key,
        )
        self.compared.add(key)

    def assert_all_compared(self, prefix='expected/', but=()):
        """No expected array may be forgotten."""
        expected = {
            key
            for key, entry in self.meta.items()
            if entry['role'] == 'expected' and key.startswith(prefix)
            if key in self.arrays
        }
        assert expected - self.compared - set(but) == set()
