"""What goes wrong in an export and can be put right by its user."""


class OnnxError(ValueError):
    """Something the user can put right; the message says how."""
