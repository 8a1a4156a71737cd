"""The chart on a real API server: taken with server-side validation, installed by helm, and its rights tried one by one."""

import sys
import tempfile
from pathlib import Path

from helm import CHART, NAMESPACE, RELEASE, ROOT, documents, helm, template

sys.path.insert(0, str(ROOT / "tests/real"))
from kubernetes_client import Refused  # noqa: E402
from kubernetes_server import Server  # noqa: E402

# What the source `kubernetes` lists: group and resource. All but nodes lie in namespaces.
WANTED = [("", "pods"), ("apps", "deployments"), ("metrics.k8s.io", "pods"), ("", "nodes")]
# What somebody who holds the token might try besides.
TEMPTING = [
    *(("", resource) for resource in ("secrets", "configmaps", "namespaces", "events", "pods/log", "pods/exec", "serviceaccounts/token")),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("metrics.k8s.io", "nodes"),
    ("rbac.authorization.k8s.io", "clusterroles"),
]
RBAC, BATCH = "/apis/rbac.authorization.k8s.io/v1", f"/apis/batch/v1/namespaces/{NAMESPACE}"
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")


def check(binaries, values):
    """A sentence of what was shown; raises at what is not so."""
    with tempfile.TemporaryDirectory() as folder, Server(binaries, Path(folder, "server")) as server:
        server.apply(surroundings())
        taken = sum(taken_whole(server, template(each)) for each in values)
        refuses(server)
        kubeconfig = server.kubeconfig(Path(folder, "kubeconfig"), server.password, namespace=NAMESPACE)
        install(server, kubeconfig, values)
    return f"chart: the API server took {taken} objects with strict validation; installed, upgraded and removed by helm; rights exact"


def surroundings():
    """What the values expect of a cluster. Where the chart lives, the server itself holds pods to the strictest of Kubernetes'
    standards."""
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    for name in (NAMESPACE, "training", "serving", "elsewhere"):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": strict if name == NAMESPACE else {}}}
    yield {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "low"}, "value": -1}


def taken_whole(server, text):
    """How many objects the server took. It answers with what it understood: that must hold all that was sent."""
    manifests = documents(text)
    for sent, made in zip(manifests, server.apply(manifests, dry_run=True), strict=True):
        lost = list(missing(sent, made, sent["kind"]))
        if lost:
            raise AssertionError(f"{sent['kind']} {sent['metadata']['name']}: the server did not keep {', '.join(lost)}")
    return len(manifests)


def missing(sent, made, place):
    """The places of `sent` that `made` does not have. Quantities and empty values may be written otherwise."""
    if isinstance(sent, dict) and isinstance(made, dict):
        for key, value in sent.items():
            if value not in ({}, [], None):
                yield from missing(value, made.get(key), f"{place}.{key}")
    elif isinstance(sent, list) and isinstance(made, list) and len(sent) <= len(made):
        # Admission appends tolerations of its own.
        for number, pair in enumerate(zip(sent, made)):
            yield from missing(*pair, f"{place}[{number}]")
    elif sent != made:
        yield f"{place} ({sent!r}, it has {made!r})"


def refuses(server):
    """That the server's validation, and its standard of pods, are strict at all."""
    metadata = {"name": "odd", "namespace": NAMESPACE}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automount": True}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "root", "image": "x"}]}}
    for odd, words in ((account, ".automount"), (pod, "restricted")):
        try:
            server.apply([odd], dry_run=True)
        except Refused as refused:
            if words not in str(refused):
                raise
        else:
            raise AssertionError(f"the API server took a {odd['kind']} that it should refuse")


def install(server, kubeconfig, values):
    """As a user does it: one release, changed from each set of values to the next, then taken away with all that it made."""
    for each in values:
        helm("upgrade", "--install", RELEASE, CHART, "--namespace", NAMESPACE, "--values", each, kubeconfig=kubeconfig)
        notes = helm("get", "notes", RELEASE, "--namespace", NAMESPACE, kubeconfig=kubeconfig)
        jobs = [one["metadata"]["name"] for one in documents(template(each)) if one["kind"] == "CronJob"]
        for words in (*(f"  {job}: `orgpulse collect" for job in jobs), f"create job {jobs[0]}-now --from=cronjob/{jobs[0]}"):
            if words not in notes:
                raise AssertionError(f"{each.name}: NOTES.txt does not hold {words!r}:\n{notes}")
        made = {one["metadata"]["name"] for one in server.admin.get(f"{BATCH}/cronjobs")["items"]}
        if made != set(jobs):
            raise AssertionError(f"{each.name}: the server has the CronJobs {sorted(made)}")
        rights(server, documents(template(each)), each.name)
    helm("uninstall", RELEASE, "--namespace", NAMESPACE, kubeconfig=kubeconfig)
    for path in (f"{BATCH}/cronjobs", f"{RBAC}/clusterroles?labelSelector=app.kubernetes.io/instance={RELEASE}"):
        left = server.admin.get(path)["items"]
        if left:
            raise AssertionError(f"helm uninstall left {[one['metadata']['name'] for one in left]}")


def rights(server, rendered, name):
    """Each account may list what the source lists where it is told to, and nothing else, by the server's own word."""
    accounts = {one["metadata"]["name"] for one in rendered if one["kind"] == "ServiceAccount"}
    for account in accounts:
        everywhere = {("list", *wanted) for wanted in WANTED} if bindings(rendered, account, "ClusterRoleBinding") else set()
        roles = {one["metadata"]["namespace"] for one in bindings(rendered, account, "RoleBinding")}
        for namespace in ("training", "elsewhere", ""):
            expected = {one for one in everywhere if not roles or namespace in roles or one[2] == "nodes"}
            found = allowed(server, account, namespace)
            if found != expected:
                where = namespace or "all namespaces"
                raise AssertionError(f"{name}: {account} may {sorted(found)} in {where}, it should be {sorted(expected)}")


def bindings(rendered, account, kind):
    return [one for one in rendered if one["kind"] == kind and one["subjects"][0]["name"] == account]


def allowed(server, account, namespace):
    """(verb, group, resource) that the account may, of all that was thought of."""
    found = set()
    for group, resource in [*WANTED, *TEMPTING]:
        for verb in VERBS:
            kind, _, part = resource.partition("/")
            asked = {"verb": verb, "group": group, "resource": kind, "subresource": part, "namespace": namespace}
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {"user": f"system:serviceaccount:{NAMESPACE}:{account}", "groups": ["system:serviceaccounts"], "resourceAttributes": asked},
            }
            if server.admin.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]:
                found.add((verb, group, resource))
    return found
