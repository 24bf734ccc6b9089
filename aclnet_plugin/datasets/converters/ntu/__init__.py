"""The raw skeleton files of NTU RGB+D 60 and 120."""
