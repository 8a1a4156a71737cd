"""Programs that a test starts, and ends again by their process id."""

import os
import shlex
import socket
import subprocess
import threading
import time
from queue import Empty, Queue

# Programs of a test find nothing of the caller's in the environment: no credentials, no proxy, no configuration.
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


def clean_environment(home, **extra):
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "HOME": str(home), **extra}


def free_port():
    """A port of 127.0.0.1 that was free a moment ago; whoever starts a server on it must be ready to try another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A program in the background; leaving the `with` block ends it."""

    def __init__(self, command, log, **options):
        self.name = os.path.basename(str(command[0]))
        self.log = log
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stderr=stderr, **options
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def fail(self, what):
        tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        raise RuntimeError(f"{self.name} {what}; the end of its log:\n{tail}")

    def wait_until(self, ready, seconds, what):
        """Asks until `ready()` is true, the program ends, or the time is over."""
        end = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                self.fail(f"ended with code {self.process.returncode} before it {what}")
            if time.monotonic() > end:
                self.fail(f"had not {what} after {seconds} s")
            time.sleep(0.02)


class Simulator(Program):
    """Our simulator; `environment` is what its `export NAME=value` lines say."""

    def __init__(self, binary, schema, log, *flags):
        command = [binary, "--port", "0", "--schema", schema, *flags]
        super().__init__(command, log, stdout=subprocess.PIPE, text=True, env=clean_environment(log.parent))
        self.environment = {}
        lines = Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        # The variables come in one burst, whose end is not marked: it is over when nothing follows for half a second.
        wait = 60
        while True:
            try:
                line = lines.get(timeout=wait)
            except Empty:
                break
            if line is None:
                break
            for word in shlex.split(line)[1:] if line.startswith("export ") else ():
                name, _, value = word.partition("=")
                self.environment[name] = value
                wait = 0.5
        if not any("127.0.0.1" in value for value in self.environment.values()):
            self.__exit__()
            self.fail("printed no address on its standard output")

    def _read(self, lines):
        # To the end, so that the simulator never waits for a reader.
        for line in self.process.stdout:
            lines.put(line)
        lines.put(None)
