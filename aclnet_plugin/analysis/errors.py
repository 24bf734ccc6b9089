"""What goes wrong in an analysis and can be put right by its user."""


class AnalysisError(ValueError):
    """Something the user can put right; the message says how."""
