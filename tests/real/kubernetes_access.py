"""The ways into a cluster beside a token in the kubeconfig: those of people, and that of a pod."""

import json

import kubernetes_account as accounts
from kubernetes_run import faults_of

# A process that sees another /run than the rest of the machine, as one in a container does: where the kubelet puts the
# account's files. The user namespace lets it mount without being root.
POD = """
set -e
mount -t tmpfs none /run
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
cp "$1"/* /var/run/secrets/kubernetes.io/serviceaccount/
shift
exec "$@"
"""
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")


def access_faults(server, orgpulse, account, folder, wanted):
    found = []
    for name, user in (
        ("a token in a file", of_file(account, folder)),
        ("a program that gives the token", of_program(account, folder)),
        ("a certificate", of_certificate(server, account)),
    ):
        run = orgpulse.collect(server.kubeconfig(folder / "person", user=user))
        found += [f"{name}: {fault}" for fault in faults_of(run, wanted, secret=account.token)]
    return found


def of_file(account, folder):
    # As people write it, with the end of a line.
    (folder / "token").write_text(account.token + "\n")
    return {"tokenFile": str(folder / "token")}


def of_program(account, folder):
    """What a cloud's own command does."""
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": account.token}}
    (folder / "credential.json").write_text(json.dumps(credential))
    return {
        "exec": {
            "apiVersion": version,
            "command": "cat",
            "args": [str(folder / "credential.json")],
            "interactiveMode": "Never",
        }
    }


def of_certificate(server, account):
    certificate, key = server.person("ann")
    [role] = [one["metadata"]["name"] for one in account.objects if one["kind"] == "ClusterRole"]
    reference = {"apiGroup": accounts.RIGHTS, "kind": "ClusterRole", "name": role}
    subject = {"apiGroup": accounts.RIGHTS, "kind": "User", "name": "ann"}
    binding = {"apiVersion": f"{accounts.RIGHTS}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "ann"}}
    server.apply([binding | {"roleRef": reference, "subjects": [subject]}])
    return {"client-certificate": str(certificate), "client-key": str(key)}


def in_a_pod(server, orgpulse, account, folder, wanted):
    """Without a kubeconfig: by what Kubernetes puts into every pod."""
    files = folder / "account"
    files.mkdir()
    (files / "token").write_text(account.token)
    (files / "ca.crt").write_bytes(server.ca.read_bytes())
    (files / "namespace").write_text(accounts.NAMESPACE)
    before = [*UNSHARE, "sh", "-c", POD, "pod", str(files)]
    host, _, port = server.url.removeprefix("https://").partition(":")
    run = orgpulse.collect(None, before, KUBERNETES_SERVICE_HOST=host, KUBERNETES_SERVICE_PORT=port)
    return [f"in a pod: {fault}" for fault in faults_of(run, wanted, secret=account.token)]
