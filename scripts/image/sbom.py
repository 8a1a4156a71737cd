#!/usr/bin/env python3
"""sbom.py TRIPLE: the software bill of materials of the program on that target, CycloneDX 1.5 JSON on standard output.

Out of Cargo's own resolution: every crate that is compiled into the program, with its licence and the sum of Cargo.lock.
Development and build dependencies are not in it. The same Cargo.lock gives the same bytes.
"""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "orgpulse"


def main(triple):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", triple]
    data = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in data["packages"]}
    needs = {
        node["id"]: sorted(dependency["pkg"] for dependency in node["deps"] if is_normal(dependency))
        for node in data["resolve"]["nodes"]
    }
    [program] = [package["id"] for package in data["packages"] if package["name"] == PROGRAM and package["source"] is None]
    wanted, todo = set(), [program]
    while todo:
        one = todo.pop()
        if one not in wanted:
            wanted.add(one)
            todo.extend(needs[one])
    sums = checksums((ROOT / "Cargo.lock").read_text())
    ordered = sorted(wanted - {program}, key=lambda one: reference(packages[one]))
    components = [component(packages[one], sums) for one in ordered]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {**component(packages[program], sums), "type": "application"},
            "properties": [{"name": "cargo:target", "value": triple}],
        },
        "components": components,
        "dependencies": [
            {"ref": reference(packages[one]), "dependsOn": sorted({reference(packages[need]) for need in needs[one]})}
            for one in [program, *ordered]
        ],
    }
    # A serial number is asked for; one that follows from the content keeps the document the same.
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))}"
    print(json.dumps(document, indent=2))


def is_normal(dependency):
    return any(kind["kind"] is None for kind in dependency["dep_kinds"])


def component(package, sums):
    found = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package["license"]:
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    elif package["license_file"]:
        found["licenses"] = [{"license": {"name": f"{package['name']}: {Path(package['license_file']).name}"}}]
    if (package["name"], package["version"]) in sums:
        found["hashes"] = [{"alg": "SHA-256", "content": sums[package["name"], package["version"]]}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def checksums(lock):
    entry = re.compile(r'\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]+)"')
    return {(name, version): checksum for name, version, checksum in entry.findall(lock)}


if __name__ == "__main__":
    main(*sys.argv[1:])
