"""Every setting of the program can be given through the chart, and arrives in the program."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from helm import CHART, ROOT, documents, dump, template

sys.path.insert(0, str(ROOT / "scripts"))
from chart import settings as table  # noqa: E402

BASE = {"image": {"repository": "registry.test/orgpulse"}}


def check(orgpulse, chart=CHART):
    """How many settings there are; fails on the first that does not arrive."""
    rows = table(says(orgpulse, "config", "reference"))
    with tempfile.TemporaryDirectory() as folder:
        arrive_by_file(orgpulse, chart, rows, Path(folder))
        arrive_by_secret(chart, rows, Path(folder))
    return len(rows)


def arrive_by_file(orgpulse, chart, rows, folder):
    """One chart with every key; what the program says of the rendered file is what was put in."""
    # Stands for a file that the pod would have.
    (folder / "secret").write_text("hidden")
    config, expected = {}, {}
    for row in rows:
        for key in row["keys"]:
            value, shown = sample(row, key, folder)
            put(config, key, value)
            # Of a secret's two keys the file counts.
            if not key.endswith("_secret"):
                expected[key.removesuffix("_file") if row["form"] == "secret" else key] = shown
    dump(folder / "values.yaml", {**BASE, "config": config})
    [map_] = [one for one in documents(template(folder / "values.yaml", chart)) if one["kind"] == "ConfigMap"]
    (folder / "orgpulse.yaml").write_text(map_["data"]["orgpulse.yaml"])
    shown = says(orgpulse, "--config", folder / "orgpulse.yaml", "config", "show", check=False)
    lines = {line.split()[0]: line for line in shown.splitlines()}
    for key, value in expected.items():
        line = lines.get(key, "")
        if f" {value}  (" not in line or "orgpulse.yaml" not in line and str(folder) not in line:
            raise AssertionError(f"{key}: {value!r} was given by the chart, the program says: {line or 'nothing'}")


def arrive_by_secret(chart, rows, folder):
    """Every variable can come from a key of a Secret, and stands in the container's environment."""
    variables = {variable: {"name": "one", "key": variable.lower()} for row in rows for variable in row["variables"]}
    dump(folder / "values.yaml", {**BASE, "secrets": {"env": variables}})
    [job] = [one for one in documents(template(folder / "values.yaml", chart)) if one["kind"] == "CronJob"]
    [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    arrived = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"] if "valueFrom" in one}
    if arrived != variables:
        raise AssertionError(f"variables by Secret: {sorted(set(variables) ^ set(arrived))}")


def sample(row, key, folder):
    """A value of the setting's form that is not its default, and how `config show` writes it."""
    form, default = row["form"], row["default"]
    if form == "secret":
        return (str(folder / "secret"), "***") if key.endswith("_file") else ("some/name", "***")
    if form == "true, false":
        return (False, "false") if default == "true" else (True, "true")
    if form == "list":
        return ["one", "two"], "one,two"
    if form == "address":
        return "https://host.test", "https://host.test"
    if form == "time":
        return "77s", "77s"
    if form == "number above 0":
        return 2.5, "2.5"
    if form == "numbers by name":
        return {"a": 1.5, "b": 2}, "a=1.5,b=2"
    if form == "texts by name":
        return {"a": "tag:x", "b": ["tag:y", "sweep"]}, "a=tag:x,b=tag:y,b=sweep"
    if form == "declarations":
        return {"a": {"b": ["1.10", 2]}}, '{"a":{"b":["1.10",2]}}'
    if form == "path":
        return "/some/path", "/some/path"
    if form[0].isdigit():
        # Helm counts in floating point: a large id must not become 1.23456789e+08.
        low, _, high = form.partition(" to ")
        number = 123456789 if "more" in form else (int(low) if str(int(high)) == default else int(high))
        return number, str(number)
    if ", " in form:
        word = [word for word in form.split(", ") if word != default][0]
        return word, word
    # YAML would read it as a number, were it not quoted on the way.
    return "1.10", "1.10"


def put(config, key, value):
    *path, last = key.split(".")
    for name in path:
        config = config.setdefault(name, {})
    config[last] = value


def says(program, *arguments, check=True):
    """What the program prints, without anything of the caller's environment."""
    kept = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run(
        [str(program), *map(str, arguments)], check=check, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=kept, cwd="/"
    ).stdout
