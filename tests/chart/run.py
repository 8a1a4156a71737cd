#!/usr/bin/env python3
"""run.py --orgpulse PROGRAM [--kubernetes FOLDER] [--update]: the chart's tests.

values/*.yaml are rendered and held against the schemas of three versions of Kubernetes, the rules of invariants.py, and
golden/; refused/*.yaml must be refused with the words of their first line; every setting of the program must arrive in it,
and it must take what each pod hands it; and a real API server (the programs in FOLDER) must take all of it. --update writes
golden/ anew. --self-test breaks the chart in several ways, each of which must be found.
"""

import argparse
import difflib
import shutil
import sys
import tempfile
from pathlib import Path

import invariants
import program
import server
import settings
from helm import CHART, Failed, conform, documents, lint, template, versions

HERE = Path(__file__).resolve().parent
VALUES, GOLDEN, REFUSED = HERE / "values", HERE / "golden", HERE / "refused"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--orgpulse", type=Path)
    parser.add_argument("--kubernetes", type=Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.orgpulse.resolve())
    found = [*rendering(CHART, update=options.update), *refusals(CHART)]
    for sentence in found:
        print(f"error: {sentence}", file=sys.stderr)
    if found:
        return 1
    count = settings.check(options.orgpulse.resolve())
    pods = program.check(options.orgpulse.resolve(), files(VALUES, ["*"]))
    values, refused = len(files(VALUES, ["*"])), len(files(REFUSED, ["*"]))
    print(f"chart: {values} sets of values as expected, valid for Kubernetes {', '.join(versions())}; {refused} refused; {count}"
          f" settings arrive in the program, which takes the arguments and the configuration of {pods} pods")
    if options.kubernetes:
        print(server.check(options.kubernetes.resolve(), files(VALUES, ["*"])))
    return 0


def rendering(chart, names=("*",), kubernetes=None, update=False):
    """A sentence for each set of values that is not rendered as it should be."""
    expected = {path.name for path in VALUES.glob("*.yaml")}
    for path in sorted(GOLDEN.glob("*")):
        if path.name not in expected:
            yield f"golden/{path.name} belongs to no file of values/"
    with tempfile.TemporaryDirectory() as folder:
        for values in files(VALUES, names):
            try:
                lint(values, chart)
                text = template(values, chart)
            except Failed as failed:
                yield f"{values.name}: {failed}"
                continue
            Path(folder, values.name).write_text(text)
            for breach in invariants.breaches(documents(text)):
                yield f"{values.name}: {breach}"
            if update:
                (GOLDEN / values.name).write_text(text)
            yield from difference(GOLDEN / values.name, text)
        for version in versions() if kubernetes is None else kubernetes:
            try:
                conform(folder, version)
            except Failed as failed:
                yield f"Kubernetes {version}: {failed}"


def difference(golden, text):
    """At most one sentence: how the text differs from the file."""
    before = golden.read_text().splitlines() if golden.exists() else []
    lines = list(difflib.unified_diff(before, text.splitlines(), f"golden/{golden.name}", "rendered", lineterm=""))
    if lines:
        yield f"{golden.name} is rendered otherwise; if that is right: make chart-golden\n" + "\n".join(lines)


def files(folder, names):
    return sorted({path for name in names for path in folder.glob(f"{name}.yaml")})


def refusals(chart, names=("*",)):
    """A sentence for each set of values that is taken, or refused in other words."""
    for values in files(REFUSED, names):
        words = values.read_text().splitlines()[0].removeprefix("# ")
        try:
            template(values, chart)
            yield f"refused/{values.name} was taken; it should be refused with: {words}"
        except Failed as failed:
            if "hidden" in str(failed):
                yield f"refused/{values.name}: the message shows the secret: {failed}"
            if words not in str(failed):
                yield f"refused/{values.name} should be refused with: {words}\nit says: {failed}"


# What is broken, where, by which replacement; which of the files then find it, and in which words.
BREAKS = [
    ("a field that Kubernetes does not know", "templates/cronjob.yaml", "timeZone:", "timezone:", "minimal", "timezone"),
    ("root", "values.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "minimal", "may be root"),
    ("a right too many", "templates/rbac.yaml", "verbs: [list]", "verbs: [list, watch]", "cluster", "more than listing"),
    ("a token for everyone", "templates/_pod.tpl", "{{ .run.kubernetes }}", "true", "minimal", "has a token and no rights"),
    ("names that are only cut", "templates/_names.tpl", '-%s" ($name | trunc 43 | trimSuffix "-") ($name | sha256sum | trunc 8)',
     '" ($name | trunc 30 | trimSuffix "-")', "long-names", "two of them make a CronJob"),
    ("another default", "values.yaml", "startingDeadlineSeconds: 300", "startingDeadlineSeconds: 301", "minimal", "is rendered otherwise"),
    ("a schema that allows more", "values.schema.json", '"additionalProperties": false', '"additionalProperties": true',
     "unknown-value", "was taken"),
    ("no check of deadlines", "templates/_environments.tpl", "{{- if lt (int .) ", "{{- if lt 99999 ", "deadline-too-short", "was taken"),
    ("no check of addresses", "templates/_environments.tpl", '{{- else if regexMatch "', '{{- else if regexMatch "never',
     "password-in-address", "was taken"),
    ("arguments that the program does not know", "templates/_environments.tpl", '"--push" ""', '"--psh" ""',
     "minimal", "--psh"),
    ("a setting that is lost", "templates/configmap.yaml", ".values.config", '(omit .values.config "asana")', "none", "asana"),
]


def self_test(orgpulse):
    missed = []
    for what, name, old, new, values, words in BREAKS:
        with tempfile.TemporaryDirectory() as folder:
            chart = Path(folder, "orgpulse")
            shutil.copytree(CHART, chart)
            text = (chart / name).read_text()
            if old not in text:
                missed.append(f"{what}: {name} does not hold {old!r}")
                continue
            (chart / name).write_text(text.replace(old, new))
            # Reading the schemas takes seconds: only where they are what finds it.
            kubernetes = versions()[-1:] if "Kubernetes" in what else []
            found = [*rendering(chart, [values], kubernetes), *refusals(chart, [values])]
            try:
                if values == "none":
                    settings.check(orgpulse, chart)
                if "program" in what:
                    program.check(orgpulse, files(VALUES, [values]), chart)
            except AssertionError as error:
                found.append(str(error))
            if words not in "\n".join(found):
                missed.append(f"{what}: not found; found was: {found}")
    for sentence in missed:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
