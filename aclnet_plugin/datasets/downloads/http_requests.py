"""Ask a server for a file or the rest of one, and understand the answer."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from ...version import __version__
from .checksums import md5_of_header
from .errors import TemporaryError, UnavailableError

_PAGE = re.compile(rb'\s*<(!doctype|html|head|\?xml|!--)', re.IGNORECASE)
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_MEANINGS = {
    401: 'the server wants a login',
    403: 'the server refuses it; it may want a login, or not serve your '
    'network',
    404: 'there is no such file any more',
    407: 'the proxy wants a login; set https_proxy=http://USER:PASSWORD@HOST',
    410: 'there is no such file any more',
}


@dataclass(frozen=True)
class Source:
    """What a server says of a file.

    Args:
        url: Its address.
        validator: Strong ETag or date of the last change; ``None`` if the
            server names neither, so that nothing can be continued.
        length: Bytes, if told.
        md5: Hexadecimal digest of the whole file, if told.
    """

    url: str
    validator: str | None = None
    length: int | None = None
    md5: str | None = None


def open_url(
    url: str, start: int, source: Source | None, timeout: float
) -> Any:
    """Ask for a file.

    Proxies are taken from the environment.

    Args:
        url: The address.
        start: First byte that is wanted.
        source: What was known of the file when ``start`` was reached;
            ``None`` asks for all of it.
        timeout: Seconds without an answer.

    Returns:
        The answer, with ``status``, ``headers`` and ``read``.

    Raises:
        UnavailableError: If the server refuses for good.
        TemporaryError: If another attempt may help.
    """
    headers = {
        'User-Agent': f'aclnet_plugin/{__version__}',
        'Accept-Encoding': 'identity',  # lengths and ranges mean the file
    }
    if source is not None:
        headers['Range'] = f'bytes={start}-'
        headers['If-Range'] = source.validator
    opener = urllib.request.build_opener(_Redirects)
    request = urllib.request.Request(url, headers=headers)
    try:
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            raise _status_error(url, error) from error
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise UnavailableError(
                f'{url}: the certificate of the server is not trusted '
                f'({reason.verify_message}). Behind a proxy that replaces '
                'certificates, set SSL_CERT_FILE to its own.'
            ) from error
        raise TemporaryError(f'no connection to the server ({reason})') from (
            error
        )
    except (OSError, http.client.HTTPException) as error:
        raise TemporaryError(f'no answer from the server ({error!r})') from (
            error
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but not from an encrypted to an open line."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if req.full_url.startswith('https:') and newurl.startswith('http:'):
            raise UnavailableError(
                f'{req.full_url} points to {newurl}, which is not encrypted; '
                'it is not followed.'
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _status_error(url: str, error: urllib.error.HTTPError) -> Exception:
    code, reason = error.code, error.reason
    if code in _BUSY:
        wait = error.headers.get('Retry-After', '')
        message = f'the server answers {code} ({reason})'
        return TemporaryError(message, float(wait) if wait.isdigit() else 0.0)
    if code == 416:
        return RangeError('the server has less than what had arrived')
    what = _MEANINGS.get(code, 'the server refuses')
    if 300 <= code < 400:
        what = 'the server sends from one address to the next without end'
    return UnavailableError(f'{url}: {what} ({code} {reason}).')


class RangeError(TemporaryError):
    """What has arrived is no beginning of what the server has."""


def source_of(url: str, headers: Message) -> Source:
    """What the answer to a request for a whole file says of it."""
    etag = headers.get('ETag')
    if etag and etag.startswith('W/'):
        etag = None  # says that it means the same, not that it is the same
    length = headers.get('Content-Length', '')
    return Source(
        url=url,
        validator=etag or headers.get('Last-Modified'),
        length=int(length) if length.isdigit() else None,
        md5=md5_of_header(headers.get('Content-MD5')),
    )


def check_range(headers: Message, start: int, source: Source) -> None:
    """Make sure that an answer continues where it should.

    Raises:
        RangeError: If it does not.
    """
    answer = headers.get('Content-Range', '')
    match = re.fullmatch(r'bytes (\d+)-\d+/(\d+|\*)', answer.strip())
    fits = match and int(match[1]) == start
    if fits and match[2] != '*' and source.length is not None:
        fits = int(match[2]) == source.length
    if not fits:
        raise RangeError(f'the server continues elsewhere ({answer!r})')


def refuse_page(answer: Any, beginning: bytes) -> None:
    """Notice a web page where a file was expected.

    Args:
        answer: The answer.
        beginning: Its first bytes.

    Raises:
        UnavailableError: If it is one.
    """
    kind = answer.headers.get_content_type()
    if kind == 'text/html' or _PAGE.match(beginning):
        raise UnavailableError(
            f'{answer.url} gives a web page instead of the file; a login, a '
            'proxy or a message is in between. Open it in a browser to see '
            'what it says.'
        )


def read_some(answer: Any, size: int) -> bytes:
    """The next bytes of an answer; none at its end.

    Raises:
        TemporaryError: If the connection is lost.
    """
    try:
        return answer.read(size)
    except (OSError, http.client.HTTPException) as error:
        raise TemporaryError(f'the connection was cut ({error!r})') from error
