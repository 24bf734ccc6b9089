"""What MMEngine's logger is told, which caplog does not see."""

import logging
from contextlib import contextmanager

from mmengine.logging import MMLogger


class Messages(logging.Handler):
    def __init__(self):
        super().__init__()
        self.warnings = []
        self.infos = []

    def emit(self, record):
        kept = {logging.WARNING: self.warnings, logging.INFO: self.infos}
        kept.get(record.levelno, []).append(record.getMessage())


@contextmanager
def listening():
    """The messages of a block of code, by level."""
    logger = MMLogger.get_current_instance()
    messages, level = Messages(), logger.level
    logger.addHandler(messages)
    # A Runner of an earlier test may have silenced it.
    logger.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        logger.setLevel(level)
        logger.removeHandler(messages)
