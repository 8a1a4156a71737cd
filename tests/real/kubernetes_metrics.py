"""metrics.k8s.io as an API server of its own, which kube-apiserver passes requests on to: what metrics-server is.

It answers as metrics-server does: the whole list at once, whatever `limit` says.
"""

import base64
import datetime
import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

from kubernetes_client import Refused
from kubernetes_server import make_certificate

NAMESPACE, NAME = "kube-system", "metrics-server"
ROOT = "/apis/metrics.k8s.io/v1beta1"
SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": "metrics.k8s.io/v1beta1",
    "resources": [
        {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]},
        {"name": "nodes", "singularName": "", "namespaced": False, "kind": "NodeMetrics", "verbs": ["get", "list"]},
    ],
}


class MetricsApi:
    """Registered with the API server while in the `with` block; `stop` leaves it registered, and dead."""

    def __init__(self, server, folder, cluster):
        self.server, self.folder = server, folder
        self.items = [item_of(pod, cluster.now) for pod in cluster.pods if pod.usage is not None]
        # A pod that is gone since it was measured.
        self.items.append({**self.items[0], "metadata": {"name": "gone", "namespace": "team-0"}})

    def __enter__(self):
        certificate, key = make_certificate(self.folder, f"{NAME}.{NAMESPACE}.svc")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                code, body = api.answer(self.path.partition("?")[0])
                content = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.listener.serve_forever, daemon=True)
        self.thread.start()
        self._register(certificate.read_bytes())
        return self

    def __exit__(self, *_):
        self.stop()
        self.server.admin.delete(SERVICE)
        wait_for("metrics.k8s.io is gone", lambda: self._asked() == 404)

    def answer(self, path):
        if path == ROOT:
            return 200, RESOURCES
        found = re.fullmatch(f"{ROOT}/(?:namespaces/([^/]+)/)?pods", path)
        if not found:
            return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        items = [item for item in self.items if found[1] in (None, item["metadata"]["namespace"])]
        return 200, {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items}

    def stop(self):
        """Ends the server, and waits until the API server has noticed that it is dead."""
        if self.listener:
            self.listener.shutdown()
            self.listener.server_close()
            self.thread.join()
            self.listener = None
            wait_for("metrics.k8s.io is dead", lambda: self._asked() == 503)

    def _register(self, authority):
        port = self.listener.server_address[1]
        self.server.apply(
            [
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {"name": NAME, "namespace": NAMESPACE},
                    # A name of this machine, where no pod can answer.
                    "spec": {"type": "ExternalName", "externalName": "localhost"},
                },
                {
                    "apiVersion": "apiregistration.k8s.io/v1",
                    "kind": "APIService",
                    "metadata": {"name": "v1beta1.metrics.k8s.io"},
                    "spec": {
                        "group": "metrics.k8s.io",
                        "version": "v1beta1",
                        "service": {"name": NAME, "namespace": NAMESPACE, "port": port},
                        "caBundle": base64.b64encode(authority).decode(),
                        "groupPriorityMinimum": 100,
                        "versionPriority": 100,
                    },
                },
            ]
        )
        wait_for("metrics.k8s.io answers", lambda: self._asked() == 200)

    def _asked(self):
        try:
            self.server.admin.get(f"{ROOT}/namespaces/nobody/pods")
        except Refused as refused:
            return refused.code
        return 200


def item_of(pod, now):
    containers = [
        {"name": f"container-{index}", "usage": {"cpu": cpu, "memory": memory}}
        for index, ((cpu, _), (memory, _)) in enumerate(pod.usage)
    ]
    at = datetime.datetime.fromtimestamp(now - 20, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {"name": pod.name, "namespace": pod.namespace, "creationTimestamp": at}
    return {"metadata": metadata, "timestamp": at, "window": "15.32s", "containers": containers}


def wait_for(what, holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"after {seconds} s it does not hold that {what}")
        time.sleep(0.05)
