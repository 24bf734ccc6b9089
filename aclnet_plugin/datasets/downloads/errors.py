"""What can become of a download."""

from __future__ import annotations


class DownloadError(Exception):
    """A download that failed; the message says what to do."""


class UnavailableError(DownloadError):
    """The address does not give the file; another one may."""


class ServerDownError(UnavailableError):
    """The server does not answer now; it may later."""


class TemporaryError(Exception):
    """What another attempt may mend.

    Args:
        message: What happened.
        wait: Seconds that the server asks for. Defaults to 0.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait
