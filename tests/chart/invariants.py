"""What holds of everything that the chart renders, whatever the values."""

import re


def breaches(documents):
    """A sentence for each object that breaks a rule."""
    names = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in documents}
    if len(names) != len(documents):
        yield "two objects have one name"
    for one in documents:
        yield from of_object(one)
        where = f"{one['kind']} {one['metadata']['name']}"
        for pod in pods(one):
            for breach in of_pod(pod, one["metadata"]["namespace"], names):
                yield f"{where}: {breach}"
    yield from of_rights(documents)


def of_object(one):
    kind, metadata = one["kind"], one["metadata"]
    where = f"{kind} {metadata['name']}"
    # A CronJob's Jobs have 11 characters more, and 63 is the most that a Job may have.
    longest = 52 if kind == "CronJob" else 63
    form = rf"[a-z0-9]([-a-z0-9]{{0,{longest - 2}}}[a-z0-9])?"
    if not kind.startswith("ClusterRole") and not re.fullmatch(form, metadata["name"]):
        yield f"{where}: no name that Kubernetes takes"
    for label in ("app.kubernetes.io/name", "app.kubernetes.io/instance", "helm.sh/chart"):
        if label not in metadata.get("labels", {}):
            yield f"{where}: has no label {label}"
    if kind == "CronJob":
        job = one["spec"]["jobTemplate"]["spec"]
        if one["spec"]["concurrencyPolicy"] == "Allow" or job["backoffLimit"] != 0:
            yield f"{where}: runs may overlap, or are tried again"


def pods(one):
    if one["kind"] == "CronJob":
        yield one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    if one["kind"] == "Pod":
        yield one["spec"]


def of_pod(pod, namespace, names):
    [container] = pod["containers"]
    context, volumes = container["securityContext"], {volume["name"]: volume for volume in pod["volumes"]}
    if not (pod["securityContext"]["runAsNonRoot"] and context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]):
        yield "may be root or write to its file system"
    if context["capabilities"] != {"drop": ["ALL"]} or pod["securityContext"]["seccompProfile"] != {"type": "RuntimeDefault"}:
        yield "has capabilities or no seccomp profile"
    if "memory" not in container["resources"]["limits"]:
        yield "has no limit of memory"
    for mount in container["volumeMounts"]:
        if mount["name"] not in volumes:
            yield f"mounts {mount['name']}, which is no volume"
    for variable in container["env"]:
        if [one["name"] for one in container["env"]].count(variable["name"]) > 1:
            yield f"has {variable['name']} twice"
    # What the chart makes itself must be there under the name that it is asked for.
    wanted = [("ConfigMap", volumes["config"]["configMap"]["name"])]
    if pod["serviceAccountName"].startswith("pulse"):
        wanted.append(("ServiceAccount", pod["serviceAccountName"]))
    claim = volumes["state"].get("persistentVolumeClaim", {}).get("claimName", "")
    if claim.startswith("pulse"):
        wanted.append(("PersistentVolumeClaim", claim))
    for kind, name in wanted:
        if (kind, namespace, name) not in names:
            yield f"wants {kind} {name}, which the chart does not make"


def of_rights(documents):
    """A pod has a token only if its account has rights, and no account has rights that no pod uses."""
    bound = set()
    for one in documents:
        if one["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            [subject] = one["subjects"]
            bound.add(subject["name"])
            role = one["roleRef"]["kind"], one["metadata"].get("namespace"), one["roleRef"]["name"]
            if role not in {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in documents}:
                yield f"{one['kind']} {one['metadata']['name']}: there is no such role"
        for rule in one.get("rules", ()):
            if rule["verbs"] != ["list"] or "*" in rule["resources"] + rule["apiGroups"]:
                yield f"{one['kind']} {one['metadata']['name']}: more than listing: {rule}"
    with_token = {pod["serviceAccountName"] for one in documents for pod in pods(one) if pod["automountServiceAccountToken"]}
    for account in bound - with_token:
        yield f"service account {account} has rights that nobody uses"
    for account in with_token - bound:
        if account.startswith("pulse"):
            yield f"service account {account} has a token and no rights"
