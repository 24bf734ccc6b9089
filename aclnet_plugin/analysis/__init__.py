"""What the tools in ``tools/analysis`` compute, as plain functions.

Pictures are drawn by :mod:`aclnet_plugin.visualization`; here are numbers:
from checkpoints, prediction files, embeddings and training logs.
"""
