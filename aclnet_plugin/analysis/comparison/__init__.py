"""A against B: the same seeds, the same streams, one thing that differs.

:mod:`.arms` says what is compared, :mod:`.streams` how a config is given
another stream, :mod:`.plan` makes the runs (of :mod:`..sweep`),
:mod:`.fairness` refuses pairs that differ in more than one thing,
:mod:`.series` collects the metric of each arm, stream and fusion by seed,
:mod:`.statistics` compares them by seed, :mod:`.classes` by class, and
:mod:`.cost` tells what an arm takes. :mod:`.report` makes the numbers of all
that, :mod:`.markdown` their text.
"""
