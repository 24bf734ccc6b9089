"""Public annotation files: where they are, and how to get them whole."""
