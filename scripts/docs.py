#!/usr/bin/env python3
"""docs.py PROGRAM FOLDER: writes the generated parts of the documents, as the program tells them today, into FOLDER.

A generated part stands between `<!-- name -->` and `<!-- /name -->`; the text around it is written by hand. `.env.sample`
is generated whole.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(program, folder):
    def says(*arguments):
        text = subprocess.run([program, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout
        if not text.strip():
            sys.exit(f"error: {program} {' '.join(arguments)} printed nothing")
        return text

    documents = {
        ".env.sample": says("config", "sample"),
        "docs/METRICS.md": filled("docs/METRICS.md", "metrics", says("metrics", "--format", "markdown")),
        "docs/CONFIGURATION.md": filled("docs/CONFIGURATION.md", "settings", says("config", "reference")),
    }
    for readme in sorted(ROOT.glob("collectors/*/README.md")):
        name = str(readme.relative_to(ROOT))
        # A source's name has an underscore where its folder has a hyphen.
        source = readme.parent.name.replace("-", "_")
        documents[name] = filled(name, "metrics", says("metrics", source, "--format", "markdown"))
    for name, text in documents.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def filled(name, mark, content):
    """The document with the part of this mark replaced."""
    text = (ROOT / name).read_text()
    start, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        sys.exit(f"error: {name} has not one part {start.strip()} ... {end}")
    before, rest = text.split(start)
    return before + start + content + end + rest.split(end)[1]


if __name__ == "__main__":
    main(*sys.argv[1:])
