"""Name the action of a sequence: run_onnx.py MODEL.onnx SEQUENCE.npy.

Needs NumPy and ONNX Runtime, nothing else. The array is either a sequence as
it was recorded, (M, T, V, 3) in metres, for a model of the j stream; or the
clips that the pipeline of any model makes, (N, M, T, V, C).
"""

import json
import sys

import numpy as np
import onnxruntime


def clip_of(sequence: np.ndarray, about: dict[str, str]) -> np.ndarray:
    """One clip of the j stream, from the centre, frames spread evenly."""
    if about.get('stream') != 'j' or 'center' not in about:
        sys.exit('error: this model takes clips (N, M, T, V, C) only')
    seen = sequence.any((2, 3))  # persons in frames
    order = np.argsort(-seen.sum(1), kind='stable')
    sequence = sequence[order][:, seen[order[0]]]  # the main person first
    present = sequence.any(3, keepdims=True)
    start = sequence[0, 0, int(about['center'])]
    sequence = np.where(present, sequence - start, 0)
    length, total = int(about['clip_len']), sequence.shape[1]
    frames = np.arange(length) * max(total, length) // length % total
    clip = np.zeros((int(about['num_person']), length, *sequence.shape[2:]))
    persons = sequence[: len(clip), frames]
    clip[: len(persons)] = persons
    return clip[None]


if len(sys.argv) != 3:
    sys.exit(f'usage: {__doc__}')
session = onnxruntime.InferenceSession(sys.argv[1])
about = session.get_modelmeta().custom_metadata_map
array = np.load(sys.argv[2]).astype(np.float32)
clips = array if array.ndim == 5 else clip_of(array, about)
feed = {'keypoint': clips.astype(np.float32)}
scores = session.run(['scores'], feed)[0].astype(float)
scores = np.exp(scores - scores.max(1, keepdims=True))
scores = (scores / scores.sum(1, keepdims=True)).mean(0)  # over the clips
names = json.loads(about.get('classes', '[]')) or range(len(scores))
for place in np.argsort(-scores)[:5]:
    print(f'{scores[place]:.4f}  {names[place]}')
