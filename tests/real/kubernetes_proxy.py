"""A recording proxy before an API server, with the server's own certificate; a hook may do harm between two requests."""

import http.client
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

DROPPED = ("host", "connection", "content-length", "transfer-encoding", "date", "accept-encoding")


class Proxy:
    """In a `with` block. `before(path, number)` is called before the request of that number, from 0, is passed on."""

    def __init__(self, server, before=lambda path, number: None):
        self.requests = []
        upstream = urllib.parse.urlsplit(server.url).netloc
        trust = ssl.create_default_context(cafile=server.ca)
        lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                # One after another: the hook is to hit between two requests.
                with lock:
                    proxy.requests.append([self.path, None])
                    mine = proxy.requests[-1]
                    before(self.path, len(proxy.requests) - 1)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in DROPPED}
                connection = http.client.HTTPSConnection(upstream, timeout=300, context=trust)
                try:
                    connection.request("GET", self.path, headers=headers)
                    reply = connection.getresponse()
                    content = reply.read()
                except (OSError, http.client.HTTPException):
                    # What became of the server becomes of the connection.
                    self.close_connection = True
                    return
                finally:
                    connection.close()
                mine[1] = reply.status
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in DROPPED:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                try:
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    # The client waits no longer.
                    self.close_connection = True

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.ca, server.certificate_key)
        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.listener.server_address[1]}"
        self.thread = threading.Thread(target=self.listener.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join()
