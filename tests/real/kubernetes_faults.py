"""What may happen to an API server and to a credential, and what orgpulse must tell of it."""

import itertools
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import kubernetes_account as accounts
from kubernetes_proxy import Proxy
from kubernetes_run import faults_of
from kubernetes_server import make_certificate

# For runs whose server says nothing: the whole time that they are given, and how much later they may have ended.
DEADLINE, LATE = 6, 4
MIDWAY = 5
# Who makes pods while they are listed, and how many each keeps.
WRITERS, KEPT = 3, 5


def server_faults(server, orgpulse, account, folder, wanted):
    found = []
    for name, check in (
        ("the list forgotten once", forgotten_once),
        ("the list forgotten always", forgotten_always),
        ("pods coming and going", busy),
        ("tokens", tokens),
        ("another authority", wrong_authority),
        ("the server silent midway", silent_midway),
        ("no server", nobody_there),
    ):
        found += [f"{name}: {fault}" for fault in check(server, orgpulse, account, folder, wanted)]
    return found


def forgetting(server, pages):
    """A hook that makes the store forget the revision of a list of pods, before as many of its later pages."""
    left = [pages]

    def before(path, _):
        if path.startswith("/api/v1/pods") and "continue=" in path and left[0]:
            left[0] -= 1
            # Something has to be written, or the present revision is that of the list.
            server.admin.patch("/api/v1/namespaces/default", {"metadata": {"annotations": {"touched": str(time.time())}}})
            server.store.compact()

    return before


def forgotten_once(server, orgpulse, account, folder, wanted):
    """410 in the midst of a list: it is begun again, and nothing is counted twice or left out."""
    with Proxy(server, forgetting(server, 1)) as proxy:
        run = orgpulse.collect(server.kubeconfig(folder / "proxied", account.token, url=proxy.url))
    found = faults_of(run, wanted)
    # The nodes may be hit, too: they were listed at the same revision.
    if 410 not in [code for path, code in proxy.requests if path.startswith("/api/v1/pods")]:
        found.append(f"the server never said 410: {proxy.requests}")
    if run.collector["api_requests"] != len(proxy.requests):
        found.append(f"api_requests says {run.collector['api_requests']}, the proxy saw {len(proxy.requests)}")
    return found


def forgotten_always(server, orgpulse, account, folder, wanted):
    """A list that is never whole is no list, whatever pages of it came."""
    with Proxy(server, forgetting(server, 10_000)) as proxy:
        run = orgpulse.collect(server.kubeconfig(folder / "proxied", account.token, url=proxy.url))
    found = faults_of(run, wanted, dict.fromkeys(("pods", "usage", "gpu"), GIVEN_UP))
    if len(proxy.requests) > 30:
        found.append(f"{len(proxy.requests)} requests for a list that cannot be had")
    return found


# The closed list has no reason of its own for it.
GIVEN_UP = ("bad_reply", "unreachable", "other")


def busy(server, orgpulse, account, folder, wanted):
    """Pods come and go while they are listed: the list is that of one moment, and orgpulse takes it for whole."""
    server.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "busy"}}])
    pods, over = "/api/v1/namespaces/busy/pods", threading.Event()

    def come_and_go(writer):
        for number in itertools.count():
            if over.is_set():
                return number
            pod = {"metadata": {"name": f"pod-{writer}-{number}"}, "spec": {"containers": [{"name": "one", "image": "one"}]}}
            server.admin.post(pods, pod)
            if number >= KEPT:
                server.admin.delete(f"{pods}/pod-{writer}-{number - KEPT}", {"gracePeriodSeconds": 0})

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(come_and_go, writer) for writer in range(WRITERS)]
        run = orgpulse.collect(server.kubeconfig(folder / "busy", account.token))
        over.set()
    written = sum(writer.result() for writer in writers)
    server.admin.delete(pods, {"gracePeriodSeconds": 0})
    total = [gauge["value"] for gauge in run.document["gauges"] if gauge["name"] == "k8s.pods.total"]
    more = total[0] - wanted["pods"]["k8s.pods.total"] if total else None
    found = []
    if more is None or not 1 <= more <= WRITERS * (KEPT + 1):
        found.append(f"{more} pods more than described, while there were at most {WRITERS * (KEPT + 1)}")
    if written < 2 * WRITERS * KEPT:
        found.append(f"no more than {written} pods came while it listed")
    # New pods are pending, and nothing else.
    changed = {name: wanted["pods"][name] + (more or 0) for name in ("k8s.pods.total", "k8s.pods.pending")}
    return found + faults_of(run, wanted | {"pods": wanted["pods"] | changed})


def tokens(server, orgpulse, account, folder, wanted):
    """A good token signed by this test, and bad ones of each kind."""
    now = int(time.time())
    found = []
    own = signed_until(server, account, now + 3600)
    run = orgpulse.collect(server.kubeconfig(folder / "token", own))
    found += [f"signed here: {fault}" for fault in faults_of(run, wanted)]
    for name, token in (
        ("expired", signed_until(server, account, now - 600)),
        ("tampered with", accounts.broken(account.token)),
        ("unknown", "0123456789abcdef0123456789abcdef"),
    ):
        run = orgpulse.collect(server.kubeconfig(folder / "token", token))
        faults = faults_of(run, wanted, dict.fromkeys(wanted, "unauthorized"), secret=token)
        found += [f"{name}: {fault}" for fault in faults]
        code, told = orgpulse.doctor(folder / "token")
        if code == 0 or "unauthorized" not in told or token in told:
            found.append(f"{name}: doctor ends with code {code}: {told[-1500:]}")
    return found


def signed_until(server, account, until):
    return accounts.signed(server, account.token, until)


def wrong_authority(server, orgpulse, account, folder, wanted):
    """The server's certificate is vouched for by somebody else: nothing is said to it, the token least of all."""
    stranger, _ = make_certificate(folder, "stranger.example")
    before = len(server.audit())
    run = orgpulse.collect(server.kubeconfig(folder / "stranger", account.token, ca=stranger))
    found = faults_of(run, wanted, dict.fromkeys(wanted, "unreachable"), secret=account.token)
    if len(server.audit()) != before:
        found.append("the server was asked all the same")
    if "certificate" not in run.output:
        found.append(f"nothing tells of the certificate: {run.log[-1500:]}")
    return found


def silent_midway(server, orgpulse, account, folder, wanted):
    """The server falls silent in the midst of the lists."""
    try:
        return midway(server, orgpulse, account, folder, wanted, signal.SIGSTOP)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def killed_midway(server, orgpulse, account, folder, wanted):
    """The server is gone in the midst of the lists: the last thing to be done to it."""
    found = midway(server, orgpulse, account, folder, wanted, signal.SIGKILL, absent=["usage", "gpu"])
    return [f"the server killed midway: {fault}" for fault in found]


def midway(server, orgpulse, account, folder, wanted, stop, absent=()):
    """What is whole is sent, the rest is told, and in time."""

    def before(_, number):
        # The lists overlap: this is after the first page of each, and before the last one of the pods.
        if number == MIDWAY:
            os.kill(server.process.pid, stop)

    with Proxy(server, before) as proxy:
        kubeconfig = server.kubeconfig(folder / "proxied", account.token, url=proxy.url)
        run = orgpulse.collect(kubeconfig, ORGPULSE_COLLECTOR_DEADLINE=f"{DEADLINE}s")
    found = []
    if run.seconds > DEADLINE + LATE:
        found.append(f"ended after {run.seconds:.1f} s of {DEADLINE}")
    told = run.failures(wanted)
    if "pods" not in told:
        found.append("the pods cannot have been read")
    failed = dict.fromkeys(told, ("deadline", "unreachable"))
    return found + faults_of(run, wanted, failed, absent=[group for group in absent if group not in told])


def nobody_there(server, orgpulse, account, folder, wanted):
    """An address where nobody listens."""
    kubeconfig = server.kubeconfig(folder / "nobody", account.token, url="https://127.0.0.1:9")
    run = orgpulse.collect(kubeconfig, ORGPULSE_COLLECTOR_DEADLINE=f"{DEADLINE}s")
    found = faults_of(run, wanted, dict.fromkeys(wanted, ("unreachable", "deadline")), secret=account.token)
    if run.seconds > DEADLINE + LATE:
        found.append(f"ended after {run.seconds:.1f} s of {DEADLINE}")
    return found
