"""A recording proxy between orgpulse and the intake: every request is kept as it came over the wire."""

import gzip
import json
import threading
import urllib.error
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Datadog's published limits for one request to /api/v2/series.
MAX_WIRE = 512_000
MAX_RAW = 5_242_880

_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Request:
    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body
        self.status = None

    def raw(self):
        """The body without its compression; ValueError when it cannot be had."""
        encoding = self.headers.get("Content-Encoding", "identity")
        try:
            if encoding == "gzip":
                return gzip.decompress(self.body)
            if encoding == "deflate":
                return zlib.decompress(self.body)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"broken {encoding}: {error}") from error
        if encoding == "identity":
            return self.body
        raise ValueError(f"Content-Encoding {encoding} cannot be read here; send gzip")

    def payload(self):
        # NaN and Infinity are no JSON, though Python would read them.
        return json.loads(self.raw(), parse_constant=lambda word: _refuse(word))


class Proxy:
    """Forwards to `upstream` and remembers; use in a `with` block."""

    def __init__(self, upstream):
        self.requests = []
        lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = Request(self.path, self.headers, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                with lock:
                    proxy.requests.append(request)
                forward = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                call = urllib.request.Request(upstream + self.path, request.body, forward, method=self.command)
                try:
                    with _open(call, timeout=30) as reply:
                        status, body = reply.status, reply.read()
                except urllib.error.HTTPError as error:
                    status, body = error.code, error.read()
                request.status = status
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                # The key check and the like: not what is under test, and VictoriaMetrics knows it.
                try:
                    with _open(upstream + self.path, timeout=30) as reply:
                        status, body = reply.status, reply.read()
                except urllib.error.HTTPError as error:
                    status, body = error.code, error.read()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def faults(request, key):
    """What is wrong with one request to the intake, as lines."""
    where = f"POST {request.path}"
    if not request.path.endswith("/api/v2/series"):
        yield f"{where}: not the series intake"
    if request.headers.get("DD-API-KEY") != key:
        yield f"{where}: the header DD-API-KEY does not carry the key"
    if key in request.path:
        yield f"{where}: the key is part of the address"
    if request.headers.get("Content-Type") != "application/json":
        yield f"{where}: Content-Type is {request.headers.get('Content-Type')}"
    if request.status != 202:
        yield f"{where}: the intake answered {request.status}"
    if len(request.body) > MAX_WIRE:
        yield f"{where}: {len(request.body)} bytes on the wire, at most {MAX_WIRE}"
    try:
        raw = len(request.raw())
    except ValueError as error:
        yield f"{where}: the body cannot be read: {error}"
    else:
        if raw > MAX_RAW:
            yield f"{where}: {raw} bytes without compression, at most {MAX_RAW}"


def _refuse(word):
    raise ValueError(f"{word} is not JSON")
