"""Reads an OCI archive as a registry or container runtime would: every digest and size is checked on the way."""

import gzip
import hashlib
import json
import tarfile
from pathlib import Path


class Archive:
    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.files = {member.name: tar.extractfile(member).read() for member in tar.getmembers() if member.isfile()}
        self.size = Path(path).stat().st_size
        if json.loads(self.files["oci-layout"]) != {"imageLayoutVersion": "1.0.0"}:
            raise AssertionError("no OCI layout")
        [entry] = json.loads(self.files["index.json"])["manifests"]
        self.manifest = json.loads(self.blob(entry))
        self.config = json.loads(self.blob(self.manifest["config"]))

    def blob(self, descriptor):
        content = self.files[f"blobs/{descriptor['digest'].replace(':', '/')}"]
        found = {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
        if found != {name: descriptor[name] for name in found}:
            raise AssertionError(f"the blob {descriptor['digest']} is not what its descriptor says: {found}")
        return content

    def unpack(self, root):
        """Puts the layers into a folder, with their owners if that is allowed. Returns the size of all files."""
        plain = [gzip.decompress(self.blob(layer)) for layer in self.manifest["layers"]]
        if [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in plain] != self.config["rootfs"]["diff_ids"]:
            raise AssertionError("the layers are not those that the image's configuration names")
        size = 0
        for content in plain:
            packed = root.parent / "layer.tar"
            packed.write_bytes(content)
            with tarfile.open(packed) as tar:
                for member in tar.getmembers():
                    if member.name.startswith("/") or ".." in Path(member.name).parts or not (member.isfile() or member.isdir()):
                        raise AssertionError(f"odd entry {member.name}")
                    size += member.size
                tar.extractall(root, numeric_owner=True)
        return size
