#!/usr/bin/env python3
"""chart.py PROGRAM FOLDER: writes the generated parts of the chart into FOLDER.

- charts/orgpulse/README.md: the table of values, out of the comments of values.yaml.
- charts/orgpulse/values.schema.json: what `config` and `secrets.env` may hold, out of the program's table of settings; the
  names of sources, out of their folders; and what an environment may hold, which is most of what the chart may. The rest of
  the schema is written by hand.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts/orgpulse"

# What may be null, though it is neither a list nor a mapping of the user's own.
OPTIONAL = ("ttlSecondsAfterFinished", "perCollector")
# What is one for the whole release.
SHARED = ("global", "nameOverride", "fullnameOverride", "networkPolicy", "environments")


def main(program, folder):
    reference = subprocess.run([program, "config", "reference"], check=True, stdout=subprocess.PIPE, text=True).stdout
    versions_agree()
    documents = {
        "README.md": readme((CHART / "README.md").read_text(), (CHART / "values.yaml").read_text()),
        "values.schema.json": schema((CHART / "values.schema.json").read_text(), settings(reference)),
    }
    for name, text in documents.items():
        path = Path(folder, "charts/orgpulse", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def versions_agree():
    """A chart that names another version of the program would install that one."""
    [program] = re.findall(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    chart = re.findall(r'^(version|appVersion): "?([^"\n]+)"?$', (CHART / "Chart.yaml").read_text(), re.MULTILINE)
    if chart != [("version", program), ("appVersion", program)]:
        sys.exit(f"error: charts/orgpulse/Chart.yaml has {chart}, Cargo.toml has version {program}")


def settings(reference):
    """The rows of `orgpulse config reference` as {keys, variables, form, default, about}."""
    head, _, *rows = [re.split(r" ?(?<!\\)\| ?", line.strip())[1:-1] for line in reference.strip().splitlines()]
    if head != ["key in the file", "variable", "form", "default", "meaning", "unset"] or not rows:
        sys.exit("error: `orgpulse config reference` is not the table that this script reads")
    return [
        {
            "keys": re.findall(r"`([^`]+)`", keys),
            "variables": re.findall(r"`([^`]+)`", variables),
            "form": form,
            "default": default.strip("`"),
            "about": f"{meaning}. Unset: {default if unset == 'the default' else unset}",
        }
        for keys, variables, form, default, meaning, unset in rows
    ]


def schema(text, rows):
    """The schema with its generated parts renewed."""
    whole = json.loads(text)
    defs, properties = whole["$defs"], whole["properties"]
    defs["collector"]["enum"] = sources()
    properties["perCollector"]["properties"] = {name: {"$ref": "#/$defs/deviation"} for name in sources()}
    # Names as properties: of `propertyNames` validators tell the place badly.
    variables = sorted(variable for row in rows for variable in row["variables"])
    properties["secrets"]["properties"]["env"]["properties"] = {name: {"$ref": "#/$defs/keyOfSecret"} for name in variables}
    defs["config"] = section("Settings of orgpulse: docs/CONFIGURATION.md.")
    for row in rows:
        for key in row["keys"]:
            *path, last = key.split(".")
            place = defs["config"]
            for name in path:
                place = place["properties"].setdefault(name, section())
            place["properties"][last] = {"description": row["about"], **form_of(row, key)}
    # A section may be null, the whole may not.
    defs["config"]["type"] = "object"
    # Helm takes a value away that is set to null, and the templates would fail at it. An environment leaves out what it likes.
    whole["required"] = [name for name, form in properties.items() if not may_lack(name, form)]
    whole["allOf"] = [
        {"properties": {name: {"required": [key for key, each in form["properties"].items() if not may_lack(key, each)]}}}
        for name, form in properties.items()
        if "properties" in form and name not in OPTIONAL
    ]
    # A volume is mounted there.
    defs["config"]["properties"]["state_dir"]["pattern"] = "^/."
    # Roles are made there.
    namespaces = defs["config"]["properties"]["kubernetes"]["properties"]["namespaces"]
    namespaces["items"]["pattern"] = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
    defs["schedule"]["pattern"] = schedule()
    [environment] = properties["environments"]["patternProperties"].values()
    environment["properties"] = {name: {"$ref": f"#/properties/{name}"} for name in properties if name not in SHARED}
    return json.dumps(whole, indent=2) + "\n"


def schedule():
    """A pattern of the schedules that Kubernetes takes: five fields, each in its range, or a word for them."""
    months, days = "jan feb mar apr may jun jul aug sep oct nov dec", "sun mon tue wed thu fri sat"
    numbers = (
        "[0-5]?[0-9]",
        "[01]?[0-9]|2[0-3]",
        "0?[1-9]|[12][0-9]|3[01]",
        f"0?[1-9]|1[0-2]|{any_case(months)}",
        f"0?[0-6]|{any_case(days)}",
    )
    ranges = [rf"([*?]|({number})(-({number}))?)(/0*[1-9][0-9]*)?" for number in numbers]
    fields = " ".join(f"{each}(,{each})*" for each in ranges)
    return f"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|{fields})$"


def any_case(words):
    return "|".join("".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words.split())


def may_lack(name, form):
    """Whether null is as good as the empty list or mapping, or means something of its own."""
    return name in OPTIONAL or form.get("type") in ("array", "object") and not form.keys() & {"properties", "minItems"}


def section(about=None):
    # null takes a section or setting away that the shared values have.
    return {**({"description": about} if about else {}), "type": ["object", "null"], "additionalProperties": False, "properties": {}}


def form_of(row, key):
    """The schema of one setting in the file. YAML's own types, as the program asks for them."""
    form = row["form"]
    simple = {
        "text": {"type": "string"},
        # What follows is held by the templates: a message of the schema would show a password in it.
        "address": {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://"},
        # Of the forms that the program reads those that the templates can count, to compare them; and more than 0.
        "time": {
            "type": "string",
            "pattern": "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$",
            "allOf": [{"pattern": "[1-9]"}],
        },
        "path": {"type": "string", "minLength": 1},
        "secret": {"type": "string", "minLength": 1},
        "true, false": {"type": "boolean"},
        "list": {"type": "array", "items": {"type": "string"}},
        "number above 0": {"type": "number", "exclusiveMinimum": 0},
        "numbers by name": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
        "texts by name": {
            "type": "object",
            "additionalProperties": {"type": ["string", "array", "null"], "items": {"type": "string"}},
        },
    }
    if form in simple:
        found = dict(simple[form])
    elif form == "declarations":
        # The program checks them, against its catalog of metrics.
        return {"type": ["object", "array", "null"]}
    elif match := re.fullmatch(r"(\d+) or more", form):
        found = {"type": "integer", "minimum": int(match[1])}
    elif match := re.fullmatch(r"(\d+) to (\d+)", form):
        found = {"type": "integer", "minimum": int(match[1]), "maximum": int(match[2])}
    elif re.fullmatch(r"\w+(, \w+)+", form):
        return {"enum": [*form.split(", "), None]}
    else:
        sys.exit(f"error: {key} has the form {form!r}, for which this script knows no schema; teach it in form_of")
    return {**found, "type": [found["type"], "null"]}


def sources():
    """Every source is a folder under collectors; the contract crate lies beside them."""
    folders = [path.parent.name for path in ROOT.glob("collectors/*/Cargo.toml")]
    return sorted(name.replace("-", "_") for name in folders if name != "collector")


def readme(text, values):
    start, end = "<!-- values -->\n", "<!-- /values -->"
    if text.count(start) != 1 or text.count(end) != 1:
        sys.exit(f"error: charts/orgpulse/README.md has not one part {start.strip()} ... {end}")
    before, rest = text.split(start)
    table = ["| value | default | meaning |", "| --- | --- | --- |"]
    for key, default, about in described(values):
        cells = (f"`{key}`", f"`{default}`" if default else "", about.replace("|", "\\|"))
        table.append(f"| {' | '.join(cells)} |")
    return before + start + "\n".join(table) + "\n" + end + rest.split(end)[1]


def described(values):
    """(dotted key, default as written, comment) of each value that has a comment `# --`. A value without one must lie below
    one that has: a value that nobody explains fails. Reads the YAML that values.yaml uses: block mappings, one key a line."""
    found, path, comment = [], [], []
    for number, line in enumerate(values.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            if stripped.startswith("# -- "):
                comment = [stripped[5:]]
            elif comment:
                comment.append(stripped[1:].strip())
            continue
        if not stripped:
            comment = []
            continue
        match = re.fullmatch(r"((?:  )*)(\w+):(?: (.+))?", line)
        if not match:
            sys.exit(f"error: values.yaml:{number}: not of the form that the README is made of: {line}")
        depth = len(match[1]) // 2
        path = [*path[:depth], (match[2], bool(comment))]
        explained = any(has for _, has in path)
        if comment:
            found.append((".".join(name for name, _ in path), match[3] or "", " ".join(comment)))
        elif match[3] and not explained:
            sys.exit(f"error: values.yaml:{number}: {match[2]} has no comment that begins with `# --`")
        comment = []
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
