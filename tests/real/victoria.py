"""VictoriaMetrics: an implementation of Datadog's series intake that shares nothing with orgpulse or its simulator."""

import json
import urllib.error
import urllib.parse
import urllib.request

from process import Program, clean_environment, free_port

# Direct connections: a proxy of the machine has no business with loopback.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def start(binary, folder):
    """Starts it on a free port with an empty store in `folder`; use in a `with` block."""
    for attempt in range(3):
        try:
            return Victoria(binary, folder / f"victoria-{attempt}")
        except RuntimeError as error:
            # Somebody took the port between our asking and its listening.
            if "address already in use" not in str(error) or attempt == 2:
                raise


class Victoria(Program):
    def __init__(self, binary, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        folder.mkdir()
        command = [
            binary,
            f"-storageDataPath={folder}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=1y",
            "-search.latencyOffset=0s",
            "-search.disableCache",
        ]
        log = folder.with_suffix(".log")
        super().__init__(command, log, stdout=log.with_suffix(".out").open("wb"), env=clean_environment(folder))
        try:
            self.wait_until(self._answers, 30, "answered /health")
        except RuntimeError:
            self.__exit__()
            raise

    def _answers(self):
        try:
            return _open(f"{self.url}/health", timeout=2).status == 200
        except OSError:
            return False

    def flush(self):
        """Makes everything that was accepted visible to queries."""
        _open(f"{self.url}/internal/force_flush", timeout=30).read()

    def samples(self, selector, at, window="1h"):
        """PromQL `selector[window]` at the instant `at`: a list of (labels, [(unix seconds, value), ...]).

        A range selector gives samples as they were stored; an instant query would carry the time of asking.
        """
        parameters = urllib.parse.urlencode({"query": f"{selector}[{window}]", "time": at, "nocache": 1})
        with _open(f"{self.url}/api/v1/query?{parameters}", timeout=30) as reply:
            data = json.load(reply)["data"]
        if data["resultType"] != "matrix":
            raise RuntimeError(f"VictoriaMetrics answered {selector} with a {data['resultType']}, not with samples")
        return [
            (one["metric"], [(float(time), float(value)) for time, value in one["values"]]) for one in data["result"]
        ]


def selector(name, tags):
    """`{__name__="github.prs.open",repo="acme/widgets"}`: names keep their dots here, so they are matched as a label."""
    labels = {"__name__": name, **tags}
    return "{" + ",".join(f"{_label(key)}={json.dumps(value, ensure_ascii=False)}" for key, value in labels.items()) + "}"


def _label(key):
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else f"\\{c}" for c in key)
