"""Many trainings of one method: a grid, its runs, what came out.

:mod:`.grid` says which settings there are, :mod:`.resolve` what config each
of them comes to, :mod:`.digest` and :mod:`.meaning` whether two are the same
training, :mod:`.plan` makes :mod:`.runs` of them, :mod:`.launching` runs what
is missing, :mod:`.results` and :mod:`.outcomes` read what a run left,
:mod:`.summary` makes the table.
"""
