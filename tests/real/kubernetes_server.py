"""A real API server of Kubernetes on loopback: kube-apiserver with etcd, and clients for those who set it up.

No controllers and no kubelets: what is written stays as it was written, statuses included.
"""

import json
import secrets
import shutil
import subprocess
import urllib.parse
from pathlib import Path

from kubernetes_client import Client
from kubernetes_store import Store
from process import Program
from process import clean_environment
from process import free_port

START_SECONDS = 90
# Free ports are found by asking for them and letting go again; another program may be quicker.
ATTEMPTS = 3
# What service accounts ask is written down, the rest is not: seeding would fill the disk.
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}
# Without controllers no namespace has its `default` account, without which this plugin would refuse every pod.
LEFT_OUT = "ServiceAccount"


class Server:
    """In a `with` block. `flags` are further ones of kube-apiserver."""

    def __init__(self, binaries, folder, flags=()):
        self.binaries, self.folder, self.flags = Path(binaries).resolve(), Path(folder), list(flags)
        self.programs = []
        self.folder.mkdir(parents=True)
        self.password = secrets.token_hex(16)
        self.signing_key = self.folder / "accounts.key"
        make_key(self.signing_key)
        (self.folder / "tokens.csv").write_text(f"{self.password},admin,admin,system:masters\n")
        (self.folder / "audit.json").write_text(json.dumps(AUDIT))
        self.people, self.people_key = make_certificate(self.folder, "people")

    def __enter__(self):
        for attempt in range(ATTEMPTS):
            try:
                self._start()
                break
            # Whatever it is, what has been started must not outlive it.
            except BaseException as error:
                self.__exit__()
                if attempt + 1 == ATTEMPTS or "address already in use" not in str(error):
                    raise
        return self

    def __exit__(self, *_):
        while self.programs:
            self.programs.pop().__exit__()

    def _start(self):
        environment = clean_environment(self.folder)
        data, etcd, peer, port = self.folder / "etcd", free_port(), free_port(), free_port()
        shutil.rmtree(data, ignore_errors=True)
        self.store = Store(f"http://127.0.0.1:{etcd}")
        self.url = f"https://127.0.0.1:{port}"
        self._run(
            "etcd",
            [f"--data-dir={data}", "--name=one", f"--initial-cluster=one=http://127.0.0.1:{peer}"]
            + [f"--{flag}=http://127.0.0.1:{peer}" for flag in ("listen-peer-urls", "initial-advertise-peer-urls")]
            + [f"--{flag}={self.store.url}" for flag in ("listen-client-urls", "advertise-client-urls")]
            # The data dies with the test: nothing has to survive a power cut.
            + ["--unsafe-no-fsync", "--log-level=warn"],
            environment,
        ).wait_until(self.store.is_ready, START_SECONDS, "answered")
        server = self._run(
            "kube-apiserver",
            [f"--etcd-servers={self.store.url}", f"--secure-port={port}", f"--cert-dir={self.folder / 'certificates'}"]
            + ["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"]
            + ["--service-cluster-ip-range=10.0.0.0/24", "--service-account-issuer=https://kubernetes.default.svc"]
            + [f"--service-account-key-file={self.signing_key}", f"--service-account-signing-key-file={self.signing_key}"]
            + [f"--client-ca-file={self.people}"]
            + [f"--token-auth-file={self.folder / 'tokens.csv'}", "--authorization-mode=RBAC"]
            + [f"--audit-policy-file={self.folder / 'audit.json'}", f"--audit-log-path={self.folder / 'audit.log'}"]
            + ["--audit-log-mode=blocking-strict", f"--disable-admission-plugins={LEFT_OUT}", *self.flags],
            environment,
        )
        server.wait_until(self._is_ready, START_SECONDS, "answered")
        self.process = server.process
        self.admin = self.client(self.password)

    def _run(self, name, flags, environment):
        command = [self.binaries / name, *flags]
        program = Program(command, self.folder / f"{name}.log", stdout=subprocess.DEVNULL, env=environment)
        self.programs.append(program)
        return program

    def _is_ready(self):
        # It makes the certificate before it listens; until then there is none, or the beginning of one.
        try:
            return self.client(self.password).is_ready()
        except OSError:
            return False

    @property
    def ca(self):
        """The certificate that the server made for itself, and the authority that it made for that."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def certificate_key(self):
        return self.folder / "certificates" / "apiserver.key"

    def client(self, token):
        return Client(self.url, self.ca, token)

    def service_account_token(self, namespace, name, seconds=3600):
        """A token as a pod gets one: signed, and good for that time, at least ten minutes."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
        return self.admin.post(path, wanted)["status"]["token"]

    def person(self, name):
        """A certificate by which the server knows its owner as the user `name`, and the key: two paths."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("crt", "key", "csr"))
        _openssl(
            *("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        )
        # Without an extension it would be of a version that rustls refuses.
        extensions = self.folder / f"{name}.extensions"
        extensions.write_text("extendedKeyUsage=clientAuth\n")
        authority = ("-CA", self.people, "-CAkey", self.people_key, "-CAcreateserial", "-extfile", extensions)
        _openssl("x509", "-req", "-days", "2", "-in", request, *authority, "-out", certificate)
        return certificate, key

    def kubeconfig(self, path, token=None, url=None, ca=None, namespace=None, user=None):
        """Writes a kubeconfig (JSON is YAML, too) and returns its path. `user` says in other ways than by a token who asks."""
        context = {"cluster": "test", "user": "test"} | ({"namespace": namespace} if namespace else {})
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": url or self.url, "certificate-authority": str(ca or self.ca)}}],
            "users": [{"name": "test", "user": user or {"token": token}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
        Path(path).write_text(json.dumps(document))
        return path

    def apply(self, manifests, dry_run=False):
        """Server-side apply of each, in order; returns what the server made of them. With `dry_run` nothing is kept."""
        return [self.admin.apply(manifest, dry_run) for manifest in manifests]

    def audit(self):
        """What service accounts have asked, in order of the answers: user, verb, resource, address, code."""
        log = self.folder / "audit.log"
        return [Asked(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


class Asked:
    """One request of a service account, as the server's audit log has it."""

    def __init__(self, event):
        what = event.get("objectRef", {})
        self.user, self.verb, self.path = event["user"]["username"], event["verb"], event["requestURI"]
        self.group, self.resource, self.namespace = what.get("apiGroup", ""), what.get("resource"), what.get("namespace")
        self.code = event.get("responseStatus", {}).get("code")

    @property
    def right(self):
        """The verb and the resource as a role names them, such as `list deployments.apps`."""
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))


def make_key(path):
    """A private key of RSA, which signs the tokens of service accounts."""
    _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)


def make_certificate(folder, name):
    """A certificate for the host `name` that vouches for itself, and its key: two paths."""
    certificate, key = Path(folder) / f"{name}.crt", Path(folder) / f"{name}.key"
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate),
    )
    return certificate, key


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")
