#!/usr/bin/env python3
"""The invariants of the house that the compiler and clippy cannot hold. See docs/ARCHITECTURE.md.

check-house.py [FOLDER]     checks the checkout; prints one line a breach and fails
check-house.py --self-test  builds a small house with every breach, and fails unless each is found
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# A file that outgrows this has more than one purpose. Tables are read by looking up, not from top to bottom.
MAX_LINES = 500
TABLES = {"catalog.rs"}

# Clients and SDKs of the services that orgpulse reads or writes.
VENDOR = re.compile(r"^(octocrab|kube|k8s-openapi|aws-config|aws-sdk-.*|datadog-.*)$")


def main(args):
    if args == ["--self-test"]:
        return self_test()
    root = Path(args[0] if args else Path(__file__).parent.parent).resolve()
    breaches = check(root, members(root))
    for breach in breaches:
        print(f"error: {breach}", file=sys.stderr)
    if not breaches:
        print("house ok")
    return 1 if breaches else 0


def check(root, crates):
    """Every breach as one line; `crates` as `members` gives them."""
    return [
        *sources_stand_alone(crates),
        *contract_knows_no_vendor(crates),
        *expectations_are_independent(crates),
        *environment_has_one_reader(root),
        *metrics_are_pure(root),
        *datadog_has_one_place(root),
        *files_are_small(root),
    ]


def sources_stand_alone(crates):
    """A source that leans on another cannot be read, tested, or taken out by itself: shared things go to the contract."""
    for name, crate in crates.items():
        if crate["folder"].startswith("collectors/") and name != "collector":
            for dependency, kind in crate["dependencies"]:
                # Tests may use the test tools of the house; nothing else of the workspace.
                allowed = {"collector"} | ({"loopback", "simulator"} if kind == "dev" else set())
                if dependency in crates and dependency not in allowed:
                    yield f"{crate['folder']}/Cargo.toml: source {name} depends on {dependency}; a source depends on collector alone"


def contract_knows_no_vendor(crates):
    """Whatever the contract crate depends on, every source compiles and every source can be tempted to use."""
    for dependency, kind in crates.get("collector", {"dependencies": []})["dependencies"]:
        if VENDOR.match(dependency) or (dependency in crates and kind != "dev"):
            yield f"collectors/collector/Cargo.toml: the contract depends on {dependency}; it knows no vendor and no other crate of the house"


def expectations_are_independent(crates):
    """The simulator computes what a source should say; with the source's own code it would only agree with itself."""
    for dependency, _ in crates.get("simulator", {"dependencies": []})["dependencies"]:
        if dependency in crates and crates[dependency]["folder"].startswith("collectors/") and dependency != "collector":
            yield f"tests/simulator/Cargo.toml: the simulator depends on source {dependency}; its expectations must not come from the code under test"


def environment_has_one_reader(root):
    """A variable read in passing is in no help text, no `config show`, and no .env.sample."""
    # current_exe, args and the compile-time env! say nothing about configuration.
    pattern = re.compile(r"\benv::(vars?(_os)?|home_dir)\b|\benv::\{[^}]*\bvars?(_os)?\b|\bdotenvy::")
    for path in rust_files(root, "src", "collectors"):
        inside = path.relative_to(root).parts
        if inside[:2] == ("src", "config") or inside[:2] == ("src", "config.rs") or "tests" in inside:
            continue
        for number, line in code_lines(path):
            if pattern.search(line):
                yield f"{path.relative_to(root)}:{number}: reads the environment; only src/config does"


def metrics_are_pure(root):
    """Pure functions over records and an instant can be tested with tables; a clock or a socket inside ends that."""
    pattern = re.compile(
        r"SystemTime|Instant::now|Timestamp::now|Zoned::now|Utc::now|Local::now|\.elapsed\(\)"
        r"|std::(env|fs|net|process)\b|\benv::|\bfs::|reqwest|octocrab|\btokio\b|\basync fn\b"
    )
    for path in rust_files(root, "collectors"):
        if path.name == "metrics.rs" or "metrics" in path.relative_to(root).parts[:-1]:
            for number, line in code_lines(path):
                found = pattern.search(line)
                if found:
                    yield f"{path.relative_to(root)}:{number}: {found.group()} in metrics; time and data arrive as arguments"


def datadog_has_one_place(root):
    """Another sink, or a change of Datadog's API, must touch one folder."""
    for path in rust_files(root, "src", "collectors"):
        if path.relative_to(root).parts[:3] == ("src", "sinks", "datadog"):
            continue
        for number, line in code_lines(path):
            if re.search(r"api/v[12]/(series|query)\b", line):
                yield f"{path.relative_to(root)}:{number}: knows Datadog's wire format; only src/sinks/datadog does"


def files_are_small(root):
    """One purpose a file."""
    for path in rust_files(root, "src", "collectors", "tests"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES and path.name not in TABLES:
            yield f"{path.relative_to(root)}: {lines} lines, at most {MAX_LINES}; divide it by purpose"


def rust_files(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*.rs")):
            if "target" not in path.relative_to(root).parts:
                yield path


def code_lines(path):
    """Number and text of the lines that are the program's: no comments, which may name what the code must not use, and
    no tests. Tests of a file are its last item (clippy's items_after_test_module holds that) or a file called *tests.rs."""
    if path.stem.endswith("tests"):
        return
    text = path.read_text(encoding="utf-8")
    tests = re.search(r"^#\[cfg\(test\)\]\n(#\[.*\]\n)*mod \w+ \{", text, re.MULTILINE)
    for number, line in enumerate(text[: tests.start() if tests else None].splitlines(), 1):
        if not line.lstrip().startswith("//"):
            yield number, line


def members(root):
    """The workspace's crates: name -> folder, direct dependencies with their kind (normal, dev, build)."""
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    data = json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)
    return {
        package["name"]: {
            "folder": Path(package["manifest_path"]).parent.relative_to(root).as_posix(),
            "dependencies": [(one["name"], one["kind"] or "normal") for one in package["dependencies"]],
        }
        for package in data["packages"]
    }


def self_test():
    """Each breach must be found exactly where it is, and what is allowed must pass."""
    crates = {
        "orgpulse": {"folder": ".", "dependencies": [("github", "normal"), ("asana", "normal")]},
        "collector": {"folder": "collectors/collector", "dependencies": [("octocrab", "normal"), ("serde", "normal")]},
        "github": {"folder": "collectors/github", "dependencies": [("collector", "normal"), ("simulator", "dev")]},
        "asana": {"folder": "collectors/asana", "dependencies": [("github", "normal"), ("simulator", "normal")]},
        "simulator": {"folder": "tests/simulator", "dependencies": [("github", "normal")]},
    }
    files = {
        "src/config/env.rs": 'let a = std::env::var("A");\n',
        "src/run.rs": '// std::env::var is for src/config\nlet a = std::env::var("A");\nlet b = std::env::current_exe();\n',
        "src/sinks/datadog/send.rs": 'const PATH: &str = "/api/v2/series";\n',
        "src/cli/doctor.rs": 'let path = "/api/v2/series";\n',
        "collectors/health-fom/src/read.rs": 'let path = "/api/v2/query/scalar";\n',
        "collectors/github/src/client.rs": "use std::env::{self, var};\nlet now = SystemTime::now();\n",
        "collectors/github/src/metrics.rs": "#[cfg(test)]\nuse x;\nlet now = Timestamp::now();\n",
        "collectors/github/src/metrics/pulls.rs": "#[cfg(test)]\nmod tests {\nlet now = Timestamp::now();\n}\n",
        "collectors/github/src/metrics/commits.rs": 'let text = std::fs::read("x");\n',
        "collectors/github/src/catalog.rs": "//\n" * (MAX_LINES + 1),
        "collectors/github/src/records.rs": "//\n" * MAX_LINES,
        "collectors/github/src/lib.rs": "//\n" * (MAX_LINES + 1),
    }
    expected = [
        "collectors/asana/Cargo.toml: source asana depends on github",
        "collectors/asana/Cargo.toml: source asana depends on simulator",
        "collectors/collector/Cargo.toml: the contract depends on octocrab",
        "tests/simulator/Cargo.toml: the simulator depends on source github",
        "src/run.rs:2: reads the environment",
        "collectors/github/src/client.rs:1: reads the environment",
        "collectors/github/src/metrics.rs:3: Timestamp::now in metrics",
        "collectors/github/src/metrics/commits.rs:1: std::fs in metrics",
        "src/cli/doctor.rs:1: knows Datadog's wire format",
        "collectors/health-fom/src/read.rs:1: knows Datadog's wire format",
        f"collectors/github/src/lib.rs: {MAX_LINES + 1} lines",
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = check(root, crates)
    missing = [line for line in expected if not any(breach.startswith(line) for breach in found)]
    surplus = [breach for breach in found if not any(breach.startswith(line) for line in expected)]
    for line in missing:
        print(f"error: not found: {line}", file=sys.stderr)
    for line in surplus:
        print(f"error: found without cause: {line}", file=sys.stderr)
    return 1 if missing or surplus else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
