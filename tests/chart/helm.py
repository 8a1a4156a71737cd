"""helm and kubeconform, as .tools/helm has them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools/helm"
CHART = ROOT / "charts/orgpulse"

sys.path.insert(0, str(TOOLS / "python"))
from ruamel.yaml import YAML  # noqa: E402

RELEASE, NAMESPACE = "pulse", "observability"


class Failed(Exception):
    """A program said no; the text is what it said."""


def helm(*arguments, kubeconfig=os.devnull):
    """Runs helm with nothing of the caller's: no cluster, no plugins, no repositories."""
    command = [TOOLS / "bin/helm", *arguments]
    # What helm keeps goes nowhere: none of the commands used here keeps anything.
    kept = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": str(kubeconfig), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
    return _run(command, env=kept)


def lint(values, chart=CHART):
    return helm("lint", "--strict", "--quiet", chart, "--namespace", NAMESPACE, "--values", values)


def template(values, chart=CHART):
    """The rendered manifests as text, hooks included."""
    return helm("template", RELEASE, chart, "--namespace", NAMESPACE, "--values", values)


def versions():
    """The versions of Kubernetes whose schemas are here."""
    return sorted(path.name.removeprefix("v") for path in (TOOLS / "schemas").iterdir())


def conform(folder, version):
    """Fails unless every object of the folder's files is one that this version of Kubernetes knows, with no field that it
    does not know. All at once: it reads the schemas of a version for seconds."""
    place = f"{TOOLS}/schemas/{{{{ .NormalizedKubernetesVersion }}}}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    command = [TOOLS / "bin/kubeconform", "-strict", "-kubernetes-version", version, "-schema-location", place, folder]
    return _run(command)


def documents(text):
    return [one for one in YAML(typ="safe", pure=True).load_all(text) if one is not None]


def dump(path, document):
    with open(path, "w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(document, file)


def _run(command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise Failed((done.stdout + done.stderr).strip())
    return done.stdout
