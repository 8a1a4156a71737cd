#!/usr/bin/env python3
"""oci.py --dockerfile FILE --output ARCHIVE [--argument NAME=VALUE]... PLATFORM ROOT

Writes the folder ROOT as the image of a platform (linux/amd64) into an OCI archive, with user, labels and entry point of the
Dockerfile's last stage. Needs no registry, no daemon and no root. The same input gives the same bytes: files are sorted, and
every time is SOURCE_DATE_EPOCH. Prints the digest of the image.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shlex
import stat
import tarfile
from datetime import datetime, timezone
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# The one folder that is not root's, as root.sh makes it.
OWNED = {"var/lib/orgpulse": 65532}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dockerfile", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--argument", action="append", default=[])
    parser.add_argument("--level", type=int, default=9, help="of compression")
    parser.add_argument("platform")
    parser.add_argument("root", type=Path)
    options = parser.parse_args()
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    arguments = dict(one.split("=", 1) for one in options.argument)
    arguments.setdefault("CREATED", iso(time))
    config = last_stage(options.dockerfile.read_text(), arguments)
    blobs = {}
    manifest = image(options.platform, options.root, config, options.level, time, blobs)
    # Readers of an archive look for a name.
    manifest["annotations"] = {"org.opencontainers.image.ref.name": arguments["VERSION"]}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}
    files = {
        "oci-layout": as_json({"imageLayoutVersion": "1.0.0"}),
        "index.json": as_json(index),
        **{f"blobs/sha256/{digest}": content for digest, content in blobs.items()},
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(archive(files))
    print(manifest["digest"])


def image(platform, root, config, level, time, blobs):
    """The descriptor of the image's manifest; it and everything below it go into `blobs`."""
    system, architecture = platform.split("/")
    # The program in a layer of its own: the other one stays the same between versions.
    binary, rest = [Path("orgpulse")], [path.relative_to(root) for path in root.rglob("*") if path != root / "orgpulse"]
    layers, plain = [], []
    for paths in (rest, binary):
        content = layer(root, sorted(paths, key=str), time)
        plain.append(f"sha256:{hashlib.sha256(content).hexdigest()}")
        packed = gzip.compress(content, compresslevel=level, mtime=0)
        layers.append(blob(blobs, packed, "application/vnd.oci.image.layer.v1.tar+gzip"))
    description = {
        "created": iso(time),
        "architecture": architecture,
        "os": system,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": plain},
        "history": [{"created": iso(time), "created_by": what} for what in ("scripts/image/root.sh", "scripts/image/binary.sh")],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(blobs, as_json(description), "application/vnd.oci.image.config.v1+json"),
        "layers": layers,
    }
    return {**blob(blobs, as_json(manifest), MANIFEST), "platform": {"architecture": architecture, "os": system}}


def layer(root, paths, time):
    """A tar of these files and folders: sorted, and nothing in it of the machine or the hour."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in paths:
            info = tarfile.TarInfo(str(path))
            found = (root / path).lstat()
            info.mtime, info.mode = time, stat.S_IMODE(found.st_mode)
            info.uid = info.gid = OWNED.get(str(path), 0)
            if stat.S_ISDIR(found.st_mode):
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif stat.S_ISREG(found.st_mode):
                info.size = found.st_size
                with open(root / path, "rb") as file:
                    tar.addfile(info, file)
            else:
                raise SystemExit(f"error: {root / path} is neither a file nor a folder")
    return content.getvalue()


def archive(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), 0o644
            tar.addfile(info, io.BytesIO(files[name]))
    return content.getvalue()


def last_stage(dockerfile, arguments):
    """What the last stage says of the image, as OCI writes it. An instruction that is not known here is an error: the two
    ways to the image would part."""
    values, config = {}, {"Env": ["PATH=/"], "Labels": {}}
    for instruction, rest in instructions(dockerfile):
        if instruction == "FROM":
            values, config = {}, {"Env": ["PATH=/"], "Labels": {}}
            base = rest
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            values[name] = arguments.get(name, default.strip('"'))
        else:
            apply(config, instruction, re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], ""), rest), base)
    if base != "scratch":
        raise SystemExit(f"error: the last stage is from {base}, not from scratch")
    return {name: value for name, value in config.items() if value}


def apply(config, instruction, rest, base):
    # Of the earlier stages only the last one's COPY is wanted, and what is copied is given.
    if base != "scratch" or instruction == "COPY":
        return
    if instruction == "LABEL":
        config["Labels"].update(pair.split("=", 1) for pair in shlex.split(rest))
        config["Labels"] = {name: value for name, value in config["Labels"].items() if value}
    elif instruction == "ENV":
        config["Env"].extend(shlex.split(rest))
    elif instruction == "USER":
        config["User"] = rest
    elif instruction == "WORKDIR":
        config["WorkingDir"] = rest
    elif instruction in ("ENTRYPOINT", "CMD"):
        config["Entrypoint" if instruction == "ENTRYPOINT" else "Cmd"] = json.loads(rest)
    else:
        raise SystemExit(f"error: the last stage of the Dockerfile has {instruction}, which this script does not know")


def instructions(dockerfile):
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, (line.strip() for line in text.splitlines())):
        instruction, _, rest = line.partition(" ")
        yield instruction.upper(), rest.strip()


def blob(blobs, content, kind):
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def iso(time):
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    main()
