"""The equations as a reader of the paper would write them first.

What the benchmarks compare with. Nothing in the package imports it.
"""
