"""etcd as far as tests need it, over its JSON gateway."""

import base64
import http.client
import json
import urllib.parse

# etcd's own limit of operations in a transaction.
BATCH = 128


class Store:
    def __init__(self, url):
        self.url = url

    def is_ready(self):
        try:
            return self._call("GET", "/health").get("health") == "true"
        except (OSError, RuntimeError):
            return False

    def put(self, pairs):
        """Writes keys and values past the API server: no checks and no defaults, and many times as quick."""
        pairs = list(pairs)
        connection = self._connect()
        for start in range(0, len(pairs), BATCH):
            puts = [
                {"requestPut": {"key": _encoded(key), "value": _encoded(value)}} for key, value in pairs[start : start + BATCH]
            ]
            self._call("POST", "/v3/kv/txn", {"success": puts}, connection)
        connection.close()

    def compact(self):
        """Forgets every revision but the present one."""
        found = self._call("POST", "/v3/kv/range", {"key": _encoded("any")})
        wanted = {"revision": found["header"]["revision"], "physical": True}
        self._call("POST", "/v3/kv/compaction", wanted)

    def _connect(self):
        return http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=60)

    def _call(self, method, path, body=None, connection=None):
        ours = connection or self._connect()
        try:
            ours.request(method, path, None if body is None else json.dumps(body))
            reply = ours.getresponse()
            content = reply.read()
        finally:
            if connection is None:
                ours.close()
        if reply.status != 200:
            raise RuntimeError(f"etcd answered {reply.status} to {path}: {content[:500]!r}")
        return json.loads(content)


def _encoded(text):
    return base64.b64encode(text.encode()).decode()
