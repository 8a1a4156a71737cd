#!/usr/bin/env python3
"""run.py --archive FILE --bill FILE --version V [--dynamic]: tries the image as a cluster would run it.

The archive is checked and unpacked; in a mount and network namespace of its own, with the image as a read-only root, the
user of the image and no privilege, the program looks a name up, and speaks TLS to a server of that name: whose authority is
in the image's bundle (it must be content), and whose is not (it must refuse). Takes root; by sudo where that needs no password.
--dynamic: the binary is not the static one, and its size says nothing.
"""

import argparse
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from archive import Archive
from services import NAME, PORT, NameServer, Server, make_certificates

HERE = Path(__file__).resolve()
# The size of an image is what a node fetches.
LARGEST = 30_000_000
USER = 65532
# By uname's names of the machine.
PLATFORMS = {"x86_64": "amd64", "aarch64": "arm64"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--bill", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--dynamic", action="store_true")
    parser.add_argument("--inside", action="store_true")
    options = parser.parse_args()
    if not options.inside:
        return outside()
    image = Archive(options.archive)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        root = folder / "root"
        size = image.unpack(root)
        of_archive(image, options)
        of_root(root, options)
        of_bill(json.loads(options.bill.read_text()), options.version)
        count = of_running(root, folder, image.config["config"], options)
    print(f"image: {image.size / 1e6:.1f} MB to fetch, {size / 1e6:.1f} MB unpacked; as user {USER}, in a read-only root, it"
          f" resolves a name, trusts {count} authorities and one that is added, and refuses another")
    return 0


def outside():
    """Starts this script again where it may mount, and has a network of its own."""
    command = ["unshare", "--mount", "--net", "--", sys.executable, str(HERE), *sys.argv[1:], "--inside"]
    if os.geteuid() != 0:
        command = ["sudo", "-n", "--preserve-env=PYTHONDONTWRITEBYTECODE", *command]
    probe = subprocess.run(command[: command.index("--") + 1] + ["true"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if probe.returncode != 0:
        print(f"no namespaces: {probe.stderr.strip()}", file=sys.stderr)
        return 77
    return subprocess.run(command).returncode


def of_archive(image, options):
    config = image.config["config"]
    expect(config["User"], f"{USER}:{USER}", "user")
    expect(config["Entrypoint"], ["/orgpulse"], "entry point")
    expect((image.config["os"], image.config["architecture"]), ("linux", PLATFORMS[os.uname().machine]), "platform")
    for label in ("title", "version", "revision", "created", "description"):
        if not config["Labels"].get(f"org.opencontainers.image.{label}"):
            raise AssertionError(f"no label {label}: {config['Labels']}")
    expect(config["Labels"]["org.opencontainers.image.version"], options.version, "version label")
    if image.size > LARGEST and not options.dynamic:
        raise AssertionError(f"the image is {image.size} bytes, at most {LARGEST}")


def of_root(root, options):
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    expected = {"orgpulse", "etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"}
    if not options.dynamic:
        expect(files, expected, "files")
        headers = subprocess.run(["readelf", "--program-headers", root / "orgpulse"], check=True, stdout=subprocess.PIPE, text=True).stdout
        if "INTERP" in headers:
            raise AssertionError("the binary is not static: it names a loader")
    for path in root.rglob("*"):
        if path.stat().st_mode & 0o6000 or path.is_file() and path.stat().st_mode & 0o022:
            raise AssertionError(f"{path} may be changed by others, or gives rights")
    private = re.compile(rb"/(root|home)/[^\0]{0,60}\.cargo|/home/runner")
    found = None if options.dynamic else private.search((root / "orgpulse").read_bytes())
    if found:
        raise AssertionError(f"the binary holds a folder of the machine that compiled it: {found[0]!r}")


def of_bill(bill, version):
    """What every reader of the bill relies on."""
    expect(bill["metadata"]["component"]["version"], version, "version in the bill of materials")
    names = {one["name"] for one in bill["components"]}
    if not {"reqwest", "rustls", "tokio"} <= names or "proptest" in names:
        raise AssertionError(f"not the crates of the program: {sorted(names)}")
    references = {one["bom-ref"] for one in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    if len(references) != len(bill["components"]) + 1:
        raise AssertionError("two components have one reference")
    for one in bill["dependencies"]:
        if not {one["ref"], *one["dependsOn"]} <= references:
            raise AssertionError(f"{one['ref']} depends on what is not in the bill")
    for one in bill["components"]:
        # A crate of the house has neither.
        if "hashes" not in one and one["version"] != version or "hashes" in one and "licenses" not in one:
            raise AssertionError(f"{one['bom-ref']} has no sum or no licence")


def of_running(root, folder, config, options):
    """How many authorities the bundle has; raises where the program does not do as it should."""
    loopback_up()
    make_certificates(folder)
    names, server = NameServer(), Server(folder)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    authorities = bundle.read_bytes()
    subprocess.run(["mount", "--bind", root, root], check=True)
    try:
        version = run(root, config, ["--version"])
        expect(version.stdout, f"orgpulse {options.version}\n", "orgpulse --version")
        refused = ask(root, config)
        if server.paths or "certificate" not in refused.stderr + refused.stdout:
            raise AssertionError(f"a server of an unknown authority: {refused.stdout}{refused.stderr}; it was asked {server.paths}")
        bundle.write_bytes(authorities + (folder / "ca.pem").read_bytes())
        taken = ask(root, config)
        if not server.paths or "GitHub answered 401" not in taken.stdout + taken.stderr:
            raise AssertionError(f"a server of a known authority: {taken.stdout}{taken.stderr}; it was asked {server.paths}")
        if NAME not in names.asked:
            raise AssertionError(f"the name server was asked {names.asked}")
    finally:
        subprocess.run(["umount", root], check=True)
    return authorities.count(b"BEGIN CERTIFICATE")


def ask(root, config):
    """A run that needs the server."""
    settings = {"GITHUB_API_URL": f"https://{NAME}:{PORT}", "GITHUB_REPOSITORIES": "acme/widgets", "GITHUB_TOKEN": "not-a-real-one"}
    return run(root, config, ["doctor"], settings)


def run(root, config, arguments, settings=()):
    """Runs the program in the root as the image says: its user, nothing to write to, no privilege, nothing of our environment."""
    # Of the bind mount alone: the folder below stays writable, as an image is for who builds it.
    subprocess.run(["mount", "-o", "remount,bind,ro", root], check=True)

    def enter():
        os.chroot(root)
        os.chdir(config["WorkingDir"])
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
        try:
            open("/written", "w").close()
        except OSError:
            return
        os._exit(99)

    try:
        environment = dict(one.split("=", 1) for one in config["Env"]) | dict(settings)
        command = config["Entrypoint"] + arguments
        done = subprocess.run(command, preexec_fn=enter, env=environment, capture_output=True, text=True, timeout=120)
    finally:
        subprocess.run(["mount", "-o", "remount,bind,rw", root], check=True)
    if done.returncode == 99:
        raise AssertionError("the root is not read-only")
    return done


def loopback_up():
    """The network namespace is new, and its only interface is down."""
    with socket.socket() as any_socket:
        SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x1 | 0x40
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", UP_AND_RUNNING))


def expect(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")


if __name__ == "__main__":
    sys.exit(main())
