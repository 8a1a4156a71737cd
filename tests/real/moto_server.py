"""moto's server on a free port of 127.0.0.1, and a recording way to it that answers refusals as AWS does."""

import datetime
import http.client
import json
import re
import secrets
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import NamedTuple

import boto3

from process import Program
from process import clean_environment
from process import free_port

REGION = "eu-central-1"
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

# moto refuses calls of all services in the same XML, which is none of theirs, and with these codes. AWS answers 400 and JSON
# for Secrets Manager, and its own forms of XML for EC2 and the rest, with the codes that are given here.
CODES = {
    "secretsmanager": {
        "AccessDenied": "AccessDeniedException",
        "SignatureDoesNotMatch": "InvalidSignatureException",
        "InvalidClientTokenId": "UnrecognizedClientException",
    },
    "ec2": {"AccessDenied": "UnauthorizedOperation", "AuthFailure": "AuthFailure"},
    "sts": {"SignatureDoesNotMatch": "SignatureDoesNotMatch", "InvalidClientTokenId": "InvalidClientTokenId"},
}


class Call(NamedTuple):
    """What AWS was asked: `region` and `service` are those that the request was signed for."""

    action: str
    status: int
    region: str = ""
    service: str = ""


class Moto:
    """A fresh account; use in a `with` block."""

    def __init__(self, folder):
        # The port may be taken between the look and the start: then the server ends at once, and another is tried.
        for left in (2, 1, 0):
            self.port = free_port()
            command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(self.port)]
            # Whatever would leave this machine ends at the discard port.
            environment = clean_environment(folder, HTTP_PROXY="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9")
            self.program = Program(command, folder / "moto.log", env=environment, stdout=subprocess.DEVNULL)
            try:
                self.program.wait_until(self._answers, 60, "answered /moto-api/")
                return
            except RuntimeError:
                self.program.__exit__()
                if left == 0:
                    raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.__exit__()

    def _answers(self):
        try:
            with _open(f"http://127.0.0.1:{self.port}/moto-api/", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    def client(self, service, region=REGION):
        """A client of boto3 that may do everything, while nothing is checked."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=region,
            aws_access_key_id="root",
            aws_secret_access_key="root",
        )

    def check_policies(self, check):
        """Whether signatures and policies are checked from now on, by moto's own count of free actions."""
        data = b"0" if check else b"inf"
        # Any other content type than this answers 500.
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/moto-api/reset-auth", data, {"Content-Type": "text/plain"}, method="POST"
        )
        with _open(call, timeout=10) as reply:
            reply.read()


class Recorder:
    """Remembers every request; use in a `with` block.

    What comes to the root is for AWS and goes to moto as it is. /pod-identity gives a credential, as EKS's agent does, to who
    brings the token. All else is a vendor's: it is refused, since only its credential counts.
    """

    def __init__(self, moto):
        self.calls = []
        self.credentials = {}
        # Secret halves of credentials that were given to the program, and the token that the agent wants.
        self.issued = []
        self.token = secrets.token_hex(20)
        lock = threading.Lock()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/":
                    status, kind, content = self.forward(body)
                elif self.path == "/pod-identity":
                    status, kind, content = self.pod_identity()
                else:
                    with lock:
                        for header in ("Authorization", "DD-API-KEY"):
                            if self.headers.get(header):
                                vendor = self.path.strip("/").split("/")[0]
                                recorder.credentials.setdefault(vendor, set()).add(self.headers[header])
                    status, kind, content = 401, "application/json", b'{"message":"Bad credentials"}'
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                try:
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    self.close_connection = True

            def pod_identity(self):
                if self.headers.get("Authorization") != recorder.token:
                    return 401, "application/json", b"{}"
                with lock:
                    recorder.calls.append(Call("Pod Identity", 200))
                    recorder.issued += [secrets.token_hex(20), secrets.token_hex(40)]
                hour = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
                credential = {
                    "AccessKeyId": "ASIAPODIDENTITY00000",
                    "SecretAccessKey": recorder.issued[0],
                    "Token": recorder.issued[1],
                    "Expiration": hour.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
                return 200, "application/json", json.dumps(credential).encode()

            def forward(self, body):
                connection = http.client.HTTPConnection("127.0.0.1", moto.port, timeout=60)
                try:
                    # With the Host that was signed.
                    connection.request(self.command, self.path, body or None, dict(self.headers.items()))
                    reply = connection.getresponse()
                    status, content = reply.status, reply.read()
                finally:
                    connection.close()
                service, region = scope(self.headers)
                status, content = as_aws(service, status, content)
                with lock:
                    recorder.calls.append(Call(action(self.headers, body), status, region, service))
                    recorder.issued += re.findall("<(?:SecretAccessKey|SessionToken)>(.*?)<", content.decode())
                return status, reply.headers.get("Content-Type", ""), content

            do_GET = do_POST = answer

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


def action(headers, body):
    """What is asked of AWS: in a header for Secrets Manager, in a form for STS."""
    form = urllib.parse.parse_qs(body.decode(errors="replace"))
    return headers.get("X-Amz-Target", "").rpartition(".")[2] or form.get("Action", [""])[0]


def scope(headers):
    """The service and the region in an Authorization: Credential=AKIA.../20261121/eu-central-1/ec2/aws4_request, ..."""
    found = re.search(r"Credential=[^/]*/\d+/([^/]*)/([^/]*)/", headers.get("Authorization", ""))
    return (found[2], found[1]) if found else ("", "")


def as_aws(service, status, content):
    """A refusal as AWS says it, with its status; everything else as it is."""
    code = re.search(r"<Code>(\w+)</Code>", content.decode(errors="replace")) if status >= 400 else None
    if not code or code[1] not in CODES.get(service, {}):
        return status, content
    told = CODES[service][code[1]]
    message = re.search("<Message>(.*?)</Message>", content.decode(errors="replace"), re.DOTALL)
    message = message[1] if message else ""
    if service == "ec2":
        error = f"<Error><Code>{told}</Code><Message>{message}</Message></Error>"
        return status, f"<Response><Errors>{error}</Errors><RequestID>x</RequestID></Response>".encode()
    if service == "sts":
        error = f"<Error><Type>Sender</Type><Code>{told}</Code><Message>{message}</Message></Error>"
        return status, f"<ErrorResponse>{error}<RequestId>x</RequestId></ErrorResponse>".encode()
    return 400, json.dumps({"__type": told, "Message": message}).encode()
