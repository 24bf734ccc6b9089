"""Folders of plain arrays and tables, one file for each sequence."""
