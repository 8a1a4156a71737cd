"""A client of an API server for tests that set one up: JSON over connections that are kept, one a thread."""

import http.client
import json
import ssl
import threading
import urllib.parse


class Refused(Exception):
    """The server answered with another code than a success; `status` is the object that it sent."""

    def __init__(self, method, path, code, body):
        self.code, self.status = code, body
        told = body.get("message") if isinstance(body, dict) else body
        super().__init__(f"{method} {path} answered {code}: {told}")


class Client:
    def __init__(self, url, ca, token):
        self.url, self.token = url, token
        self.address = urllib.parse.urlsplit(url).netloc
        self.trust = ssl.create_default_context(cafile=ca)
        self.local = threading.local()
        self.resources = {}

    def get(self, path):
        return self._call("GET", path)

    def post(self, path, body):
        return self._call("POST", path, body)

    def put(self, path, body):
        return self._call("PUT", path, body)

    def patch(self, path, body, kind="application/merge-patch+json"):
        return self._call("PATCH", path, body, kind)

    def delete(self, path, body=None):
        return self._call("DELETE", path, body)

    def apply(self, manifest, dry_run=False):
        """Server-side apply: the object is created or changed to be what the manifest says."""
        query = "fieldManager=test&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self.patch(f"{self.path_of(manifest)}?{query}", manifest, "application/apply-patch+yaml")

    def path_of(self, manifest):
        """The address of an object, as the server's own list of resources has it."""
        version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self.resources:
            for resource in self.get(root)["resources"]:
                if "/" not in resource["name"]:
                    self.resources[version, resource["kind"]] = resource
        resource = self.resources.get((version, kind))
        if resource is None:
            raise LookupError(f"the server has no {kind} in {version}")
        folder = f"/namespaces/{metadata['namespace']}" if resource["namespaced"] else ""
        return f"{root}{folder}/{resource['name']}/{metadata['name']}"

    def is_ready(self):
        try:
            self._call("GET", "/readyz")
        except (OSError, http.client.HTTPException, Refused):
            return False
        return True

    def _call(self, method, path, body=None, kind="application/json"):
        content = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Accept": "application/json"}
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPSConnection(self.address, timeout=60, context=self.trust)
        try:
            connection.request(method, path, content, headers)
            reply = connection.getresponse()
            answer = reply.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        text = answer.decode()
        parsed = json.loads(text) if "json" in (reply.getheader("Content-Type") or "") else text
        if not 200 <= reply.status < 300:
            raise Refused(method, path, reply.status, parsed)
        return parsed
