"""A recording proxy between orgpulse and SkyPilot's API server."""

import http.client
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

DROPPED = ("host", "connection", "content-length", "transfer-encoding", "date", "server")


class Request:
    """One exchange: what was asked, what the server answered, and when it came in and was answered."""

    def __init__(self, method, path, headers):
        self.method, self.path, self.headers = method, path, headers
        self.status = None
        self.size = 0
        self.began = time.time()
        self.ended = None


class Proxy:
    """Forwards to `upstream` and remembers; use in a `with` block.

    `foreign`: the server is told that the caller is another machine. It trusts its own machine without a sign-in.
    """

    def __init__(self, upstream, foreign=False):
        self.requests = []
        address = urllib.parse.urlsplit(upstream).netloc
        lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                request = Request(self.command, self.path, dict(self.headers.items()))
                with lock:
                    proxy.requests.append(request)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                forward = {name: value for name, value in request.headers.items() if name.lower() not in DROPPED}
                if foreign:
                    forward["X-Forwarded-For"] = "192.0.2.1"
                connection = http.client.HTTPConnection(address, timeout=300)
                try:
                    connection.request(self.command, self.path, body or None, forward)
                    reply = connection.getresponse()
                    content = reply.read()
                finally:
                    connection.close()
                    request.ended = time.time()
                request.status, request.size = reply.status, len(content)
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in DROPPED:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                try:
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    # The client waits no longer; it may ask again.
                    self.close_connection = True

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, user=None):
        return f"http://{user + '@' if user else ''}127.0.0.1:{self.port}"

    def server_seconds(self):
        """Time during which at least one request was with the server."""
        total, until = 0.0, 0.0
        for request in sorted(self.requests, key=lambda request: request.began):
            ended = request.ended or time.time()
            total += max(0.0, ended - max(request.began, until))
            until = max(until, ended)
        return total
