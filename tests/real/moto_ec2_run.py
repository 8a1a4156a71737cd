"""Runs of orgpulse against moto, with what AWS was asked and what was pushed in them."""

import dataclasses
import datetime
import json
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import intake
from moto_server import Moto
from moto_server import Recorder
from process import clean_environment


@dataclasses.dataclass
class Ran:
    """A run of orgpulse: `document` is its JSON, none where it wrote none, and `pushed` the metrics that it pushed."""

    code: int
    document: dict
    out: str
    err: str
    calls: list
    pushed: list
    seconds: float

    @property
    def collector(self):
        return next(one for one in self.document["collectors"] if one["name"] == "ec2")


@dataclasses.dataclass
class World:
    moto: Moto
    orgpulse: Path
    folder: Path

    def run(self, *arguments, **variables):
        """In an empty folder, with a new state directory, since types are kept in it. A variable that is None is left out."""
        with Recorder(self.moto) as recorder, Intake() as datadog:
            environment = clean_environment(
                self.folder,
                AWS_ENDPOINT_URL=recorder.url,
                EC2_IDLE="false",
                EC2_PRICE_FILE=str(self.folder.parent / "prices.yaml"),
                DD_URL=datadog.url,
                DD_API_KEY="0123456789abcdef0123456789abcdef",
                ORGPULSE_STATE_DIR=tempfile.mkdtemp(prefix="state-", dir=self.folder.parent),
                LOG_SENSITIVE_BODIES="true",
            )
            environment |= {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"} | variables
            began = time.monotonic()
            done = subprocess.run(
                [self.orgpulse, *arguments],
                cwd=self.folder,
                env={name: value for name, value in environment.items() if value is not None},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=300,
            )
            seconds = time.monotonic() - began
        try:
            document = json.loads(done.stdout)
        except ValueError:
            document = None
        return Ran(done.returncode, document, done.stdout, done.stderr, recorder.calls, datadog.names, seconds)

    def collect(self, *arguments, now=None, **variables):
        """With `now` in whole seconds since the epoch, by default those of the clock."""
        at = datetime.datetime.fromtimestamp(now or int(time.time()), datetime.timezone.utc)
        at = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        ran = self.run("collect", "ec2", "--output", "json", "--now", at, *arguments, **variables)
        if ran.document is None:
            raise SystemExit(f"error: orgpulse ended with code {ran.code} and no JSON:\n{ran.err[-3000:]}")
        return ran


class Intake:
    """Takes every push, and remembers the names of the metrics; use in a `with` block."""

    def __init__(self):
        self.names = []
        names = self.names

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                series = intake.Request(self.path, self.headers, body).payload()["series"]
                names.extend(one["metric"] for one in series)
                self.answer(202, b'{"errors":[]}')

            def do_GET(self):
                self.answer(200, b'{"valid":true}')

            def answer(self, status, content):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

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
