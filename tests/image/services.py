"""What the program speaks to in its own network: a name server and an HTTPS server whose authority we choose."""

import http.server
import socket
import ssl
import struct
import subprocess
import threading

NAME, PORT = "github.image.test", 8443


def make_certificates(folder):
    """A new authority (ca.pem) and a certificate of it for NAME (server.pem, server.key)."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority of the test",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={NAME}")
    (folder / "server.ext").write_text(f"subjectAltName=DNS:{NAME}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "server.ext", "-out", "server.pem")


class NameServer:
    """Answers every question for an IPv4 address with 127.0.0.1, and notes the names."""

    def __init__(self):
        self.asked = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, caller = self.socket.recvfrom(512)
            end = query.index(0, 12) + 5
            self.asked.add(name_of(query[12:]))
            is_a = query[end - 4 : end - 2] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("127.0.0.1") if is_a else b""
            header = query[:2] + b"\x81\x80" + query[4:6] + struct.pack(">HHH", len(answer) > 0, 0, 0)
            self.socket.sendto(header + query[12:end] + answer, caller)


def name_of(question):
    labels = []
    while question[0]:
        labels.append(question[1 : 1 + question[0]].decode())
        question = question[1 + question[0] :]
    return ".".join(labels)


class Server:
    """An HTTPS server that refuses every credential, as GitHub does, and notes the paths."""

    def __init__(self, folder):
        self.paths = paths = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                paths.append(self.path)
                body = b'{"message":"Bad credentials"}'
                self.send_response(401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                # A handshake that the program breaks off is what one of the tests wants.
                pass

        server = Quiet(("127.0.0.1", PORT), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
