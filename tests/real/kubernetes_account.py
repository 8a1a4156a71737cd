"""The chart's own service account with its roles, on a real API server; and the same with one right less."""

import base64
import copy
import json
import subprocess
import sys

from kubernetes_metrics import wait_for

RELEASE, NAMESPACE = "orgpulse", "monitoring"
RIGHTS = "rbac.authorization.k8s.io"
# What stops to work without a right: every right of the chart is here, or it is one too many.
NEEDED_BY = {
    "list pods": {"pods", "usage", "gpu"},
    "list nodes": {"nodes", "gpu"},
    "list deployments.apps": {"deployments"},
    "list pods.metrics.k8s.io": {"usage"},
}


def rendered(chart, helm, namespaces=()):
    """The service account and the roles of the chart, as helm renders them."""
    sys.path.insert(0, str(helm / "python"))
    from ruamel.yaml import YAML

    settings = {"cluster_name": "test-cluster"} | ({"namespaces": list(namespaces)} if namespaces else {})
    values = {"config": {"kubernetes": settings}, "secrets": {"existingSecret": "orgpulse"}}
    values["image"] = {"repository": "example/orgpulse"}
    command = [helm / "bin/helm", "template", RELEASE, chart, "--namespace", NAMESPACE, "--values", "-"]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"helm template failed: {done.stderr}")
    documents = [document for document in YAML(typ="safe", pure=True).load_all(done.stdout) if document]
    found = [one for one in documents if one["kind"] == "ServiceAccount" or one["apiVersion"].startswith(RIGHTS)]
    for one in found:
        # helm adds the namespace when it installs.
        if one["kind"] == "ServiceAccount":
            one["metadata"].setdefault("namespace", NAMESPACE)
    return found


class Account:
    """The service account of a list of rendered objects, once these are applied."""

    def __init__(self, server, objects):
        self.server, self.objects = server, objects
        [self.name] = [one["metadata"]["name"] for one in objects if one["kind"] == "ServiceAccount"]
        self.user = f"system:serviceaccount:{NAMESPACE}:{self.name}"
        server.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
        server.apply(objects)
        self.token = server.service_account_token(NAMESPACE, self.name)

    def rights(self):
        """Each right of each role: the role's place in the list, the verb with the resource, the rule of it alone."""
        for index, role in enumerate(self.objects):
            if role["kind"] in ("ClusterRole", "Role"):
                for rule in role["rules"]:
                    if set(rule) != {"apiGroups", "resources", "verbs"}:
                        raise RuntimeError(f"a rule of a kind that this test does not know: {rule}")
                    for group in rule["apiGroups"]:
                        for resource in rule["resources"]:
                            for verb in rule["verbs"]:
                                one = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                                yield index, f"{verb} {resource}{'.' if group else ''}{group}", one

    def take_roles(self):
        """Leaves the account without any right."""
        for one in self.objects:
            if one["apiVersion"].startswith(RIGHTS):
                self.server.admin.delete(self.server.admin.path_of(one))

    def without(self, index, taken):
        """In a `with` block: the role at `index` without that one right."""
        return Without(self, index, taken)

    def may(self, rule, namespace=None):
        attributes = {"verb": rule["verbs"][0], "group": rule["apiGroups"][0], "resource": rule["resources"][0]}
        if namespace:
            attributes["namespace"] = namespace
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
        groups = ["system:serviceaccounts", "system:authenticated"]
        review["spec"] = {"user": self.user, "groups": groups, "resourceAttributes": attributes}
        answer = self.server.admin.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return answer["status"]["allowed"]


class Without:
    def __init__(self, account, index, taken):
        self.account, self.taken = account, taken
        self.whole = account.objects[index]
        self.less = copy.deepcopy(self.whole)
        self.less["rules"] = [rule for at, _, rule in account.rights() if at == index and rule != taken]
        self.namespace = self.whole["metadata"].get("namespace")

    def __enter__(self):
        self._apply(self.less, False)

    def __exit__(self, *_):
        self._apply(self.whole, True)

    def _apply(self, role, allowed):
        client = self.account.server.admin
        client.put(client.path_of(role), role)
        wait_for(
            f"the right {self.taken} is {'given' if allowed else 'taken'}",
            lambda: self.account.may(self.taken, self.namespace) == allowed,
        )


def broken(token):
    """The token with another signature of the same form."""
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[:-8]}{'AAAAAAAA' if not signature.endswith('AAAAAAAA') else 'BBBBBBBB'}"


def signed(server, token, until):
    """The same token, good until another instant, and signed with the server's own key."""
    head, body, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims |= {"exp": until, "iat": until - 3600, "nbf": until - 3600}
    text = f"{head}.{unpadded(json.dumps(claims).encode())}"
    command = ["openssl", "dgst", "-sha256", "-sign", str(server.signing_key)]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    return f"{text}.{unpadded(done.stdout)}"


def unpadded(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
