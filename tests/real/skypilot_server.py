"""SkyPilot's own API server on a free port of 127.0.0.1, in a home of its own; nothing of it survives the `with` block."""

import dataclasses
import fcntl
import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.request
from pathlib import Path

import psutil

from process import Program
from process import clean_environment
from process import free_port

PASSWORD = "correct-horse-7"
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Server:
    """With a workload, which is written before the start, callers from elsewhere must sign in, as admin with PASSWORD.

    Without one there is no jobs controller either, hence no managed job, and nobody need sign in.
    """

    def __init__(self, python, folder, workload=None):
        self.python = Path(python).absolute()
        self.folder = folder
        self.home = folder / "home"
        (self.home / ".sky").mkdir(parents=True)
        # In consolidation mode the controller is part of the server: no machine is rented for it.
        (self.home / ".sky" / "config.yaml").write_text(
            f"jobs:\n  controller:\n    consolidation_mode: {str(workload is not None).lower()}\n"
        )
        self.environment = clean_environment(self.home) | {
            # SkyPilot starts `python3`, and reads the PATH for it.
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "SKYPILOT_DISABLE_USAGE_COLLECTION": "1",
            # Nothing listens on the discard port: what would go to the internet fails at once.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        self.program = None
        self.lock = None
        try:
            if workload is not None:
                self._hold_lock()
                self._seed(workload)
            self._start()
            if workload is not None:
                # 0.11.0 makes the administrator when it first looks at anybody's rights, which a refused caller never
                # causes.
                with _open(f"{self.url}/users", timeout=60) as reply:
                    reply.read()
                self._warm_up()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.program is not None:
            # The workers before their parent: it would wait for them, and they would outlive it.
            end_processes_of(self.home, self.program.process.pid)
            self.program.__exit__()
        if self.lock is not None:
            os.close(self.lock)

    def _seed(self, workload):
        path = self.folder / "workload.json"
        path.write_text(json.dumps(as_plain(workload)))
        digest = self._run([self.python, Path(__file__).with_name("skypilot_seed.py"), path, PASSWORD]).splitlines()[-1]
        self.environment |= {
            "ENABLE_BASIC_AUTH": "true",
            "SKYPILOT_INITIAL_BASIC_AUTH": f"admin:{digest}",
            "ENABLE_SERVICE_ACCOUNTS": "true",
        }

    def _run(self, command):
        run = subprocess.run(
            [str(part) for part in command],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if run.returncode != 0:
            raise RuntimeError(f"{command[1]} ended with code {run.returncode}:\n{run.stderr[-3000:]}")
        return run.stdout

    def _hold_lock(self):
        """Makes the server the second of two, as in a rolling update: it answers, and leaves running jobs to the first.

        A server that gets this lock starts a controller for each dozen jobs, and these find that the jobs' machines do
        not exist.
        """
        path = self.home / ".sky/locks/.~/.sky/consolidation_mode_lock.lock"
        path.parent.mkdir(parents=True)
        self.lock = os.open(path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _start(self):
        # The port may be taken between the look and the start: then the server ends at once, and another is tried.
        for left in (2, 1, 0):
            port = free_port()
            self.url = f"http://127.0.0.1:{port}"
            command = [self.python, "-u", "-m", "sky.server.server", "--host", "127.0.0.1", "--port", str(port)]
            log = self.folder / "server.log"
            # A second port, for the queue between its processes, is at the same distance from SkyPilot's usual one.
            environment = self.environment | {"SKYPILOT_API_SERVER_LOCAL_PORT": str(port)}
            self.program = Program(
                command, log, env=environment, cwd=self.home, stdout=subprocess.DEVNULL, start_new_session=True
            )
            try:
                self.program.wait_until(self._healthy, 90, "answered /api/health")
                return
            except RuntimeError:
                end_processes_of(self.home, self.program.process.pid)
                if left == 0 or not re.search("is not available|already in use", log.read_text(errors="replace")):
                    raise

    def _healthy(self):
        try:
            with _open(f"{self.url}/api/health", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    def _warm_up(self):
        """The first query starts the processes that all queries are answered by; a server in use has them."""
        body = b'{"all_users": true, "limit": 1}'
        call = urllib.request.Request(f"{self.url}/jobs/queue/v2", body, {"Content-Type": "application/json"}, method="POST")
        with _open(call, timeout=60) as reply:
            request = reply.headers["X-Skypilot-Request-ID"]
        with _open(f"{self.url}/api/get?request_id={request}", timeout=120) as reply:
            reply.read()

    def spoil(self):
        """Leaves one row as SkyPilot never writes it and cannot read it: from now on, every query of the queue fails."""
        with sqlite3.connect(self.home / ".sky/spot_jobs.db", timeout=30) as database:
            database.execute("UPDATE spot SET job_duration = NULL WHERE spot_job_id = 1")
        database.close()

    def controllers(self):
        """Command lines of job controllers that the server started; there must be none."""
        return [line for _, line in processes_of(self.home, self.program.process.pid) if "sky.jobs.controller" in line]

    def service_account(self):
        """A token that may read, made as an administrator makes one; only where bearer tokens get past the sign-in."""
        body = json.dumps({"token_name": "orgpulse", "role": "viewer"}).encode()
        credentials = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        credentials.add_password(None, self.url, "admin", PASSWORD)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(credentials)
        )
        headers = {"Content-Type": "application/json", "X-Forwarded-For": "192.0.2.1"}
        call = urllib.request.Request(f"{self.url}/users/service-account-tokens", body, headers, method="POST")
        with opener.open(call, timeout=60) as reply:
            return json.loads(reply.read())["token"]


def as_plain(workload):
    plain = dataclasses.asdict(workload)
    for job in plain["jobs"]:
        for task in job["tasks"]:
            task["now"] = workload.now
    return plain


def processes_of(home, session):
    """Every process that the server of this home has started, with its command line.

    None of the signs holds for all of them: helpers begin a session of their own and outlive their parents, and workers
    that give themselves a name write it over their environment.
    """
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                if (
                    _or_none(lambda: os.getsid(process.pid)) == session
                    or str(_or_none(process.cwd)).startswith(str(home))
                    or (_or_none(process.environ) or {}).get("HOME") == str(home)
                ):
                    yield process, " ".join(process.cmdline())
        except psutil.Error:
            continue


def _or_none(ask):
    """A process may belong to somebody else, or have ended since it was listed."""
    try:
        return ask()
    except (OSError, psutil.Error):
        return None


def end_processes_of(home, session):
    """A process that starts another while it is being ended needs a second look."""
    for _ in range(10):
        found = [process for process, _ in processes_of(home, session) if process.pid != os.getpid()]
        if not found:
            return
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=10)
    raise RuntimeError(f"processes of {home} cannot be ended: {found}")
