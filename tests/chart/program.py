"""The program takes what the chart hands it: the arguments, and the configuration with the secrets that its values name."""

import subprocess
import tempfile
from pathlib import Path

from helm import CHART, documents, template
from invariants import pods

# Where the pod has them; here below a folder.
MOUNTS = ("/etc/orgpulse", "/secrets", "/kube")
# Stand in for what the Secrets hold. A pod has the address of the API server from Kubernetes.
GIVEN = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "DD_API_KEY": "0" * 32, "GITHUB_TOKEN": "not-a-real-one"}
KUBECONFIG = (
    "{clusters: [{name: green, cluster: {server: 'https://green.test'}}], users: [{name: green, user: {token: not-a-real-one}}],"
    " contexts: [{name: green, context: {cluster: green, user: green}}]}"
)


def check(orgpulse, values, chart=CHART):
    """How many pods were tried; raises at the first whose arguments or configuration the program refuses."""
    count = 0
    for each in values:
        rendered = documents(template(each, chart))
        maps = {one["metadata"]["name"]: one["data"] for one in rendered if one["kind"] == "ConfigMap"}
        for one in rendered:
            for pod in pods(one):
                try_pod(orgpulse, pod, maps, f"{each.name}: {one['kind']} {one['metadata']['name']}")
                count += 1
    return count


def try_pod(orgpulse, pod, maps, where):
    [container] = pod["containers"]
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == "config"]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**maps[volume["configMap"]["name"]], "app.pem": private_key(), "config": KUBECONFIG}.items():
            Path(folder, name).write_text(elsewhere(text, folder))
        environment = {"HOME": folder, **GIVEN}
        for variable in container["env"]:
            value = variable.get("value") or GIVEN.get(variable["name"], "https://given.test")
            environment[variable["name"]] = elsewhere(value, folder)
        # The App's key is in the file; two credentials would be a mistake.
        if "app_private_key_file" in maps[volume["configMap"]["name"]]["orgpulse.yaml"]:
            del environment["GITHUB_TOKEN"]
        # --help is read last: what stands before it must be right.
        for arguments in ([*container["args"], "--help"], ["config", "check"]):
            done = subprocess.run([orgpulse, *arguments], env=environment, cwd=folder, capture_output=True, text=True)
            if done.returncode != 0:
                raise AssertionError(f"{where}: orgpulse {' '.join(arguments)} says: {done.stdout}{done.stderr}")


def elsewhere(text, folder):
    for mount in MOUNTS:
        text = text.replace(mount + "/", folder + "/")
    return text


def private_key():
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
