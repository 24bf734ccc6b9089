"""A web server on this machine that can misbehave in the ways of real ones."""

import re
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """What the server has and how it answers.

    Args:
        content: The file, whatever the path.
    """

    def __init__(self, content):
        self.content = content
        self.etag = '"one"'
        self.ranges = True
        self.length = True
        self.cuts = []  # bytes after which an answer is cut, one per request
        self.statuses = []  # answers before the file, one per request
        self.headers = {}
        self.paths = {}  # path -> status, content, or address to go to
        self.asked = []  # (path, Range) of each request
        self.shift = 0  # how far an answer to a range is off

    @property
    def ranges_asked(self):
        return [wanted for _, wanted in self.asked]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        site = self.server.site
        site.asked.append((self.path, self.headers.get('Range')))
        here = site.paths.get(self.path)
        status = here if isinstance(here, int) else None
        if status is None and site.statuses:
            status = site.statuses.pop(0)
        if status is not None:
            self._answer(status, b'no')
            return
        if isinstance(here, str):
            self._answer(302, b'', {'Location': here})
            return
        content = site.content if here is None else here
        start = self._start(site, content)
        if start is None:
            self._answer(
                416, b'', {'Content-Range': f'bytes */{len(content)}'}
            )
            return
        headers = {'ETag': site.etag} if site.etag else {}
        status = 200
        if start:
            start += site.shift
            status = 206
            whole = len(content)
            headers['Content-Range'] = f'bytes {start}-{whole - 1}/{whole}'
        self._answer(status, content[start:], headers | site.headers)

    def _start(self, site, content):
        wanted = self.headers.get('Range')
        if not wanted or not site.ranges:
            return 0
        if self.headers.get('If-Range') not in (None, site.etag):
            return 0
        start = int(re.fullmatch(r'bytes=(\d+)-', wanted)[1])
        return start if start < len(content) else None

    def _answer(self, status, content, headers=()):
        site = self.server.site
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if site.length:
            self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        if site.cuts and status in (200, 206):
            content = content[: site.cuts.pop(0)]
        with suppress(ConnectionError):  # the client may have left
            self.wfile.write(content)

    def log_message(self, *args):
        pass


@contextmanager
def serve(content):
    """Start a server with a file; yields the site and its address."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
    server.site = Site(content)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.site, f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
