"""Refuses what is no plain file of a site: `python .github/artifact.py /tmp/work/site`, before it is uploaded.

Somebody else's code made the folder. A link in it would upload what it leads to; a device or a pipe would never end.
"""

import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

LIMIT = 50_000_000  # bytes
FILES = 2_000
_KINDS = "css csv gz html ico inv ipynb js json map md png py svg txt webmanifest woff2 xml zip"
_NAME = re.compile(
    rf"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/){{0,8}}[A-Za-z0-9_-][A-Za-z0-9._-]*\.(?:{'|'.join(_KINDS.split())})"
)


def known(name: str) -> bool:
    """Whether a file of a site could have this name, from the root of the site."""
    return bool(_NAME.fullmatch(name)) and len(name) < 200


def faults(folder: Path) -> Iterator[str]:
    """What must not leave the sandbox, each as `name: message`; nothing in the folder is opened."""
    size = files = 0
    waiting = [folder]
    if folder.is_symlink() or not folder.is_dir():
        yield f"{folder.name}: no folder"
        return
    while waiting:
        for entry in os.scandir(waiting.pop()):
            name = Path(entry.path).relative_to(folder).as_posix()
            about = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(about.st_mode):
                waiting.append(Path(entry.path))
            elif not stat.S_ISREG(about.st_mode):
                yield f"{name!a}: neither a file nor a folder"
            elif about.st_nlink > 1 or about.st_mode & 0o7000:
                yield f"{name!a}: a second name of a file, or a file that changes who runs it"
            elif not known(name):
                yield f"{name!a}: no name of a site's file"
            size, files = size + about.st_size, files + 1
    if size > LIMIT or files > FILES:
        yield f"{folder.name}: {files} files with {size} bytes; no site of ours has as much"


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1])))
    sys.exit("\n".join(found) if found else 0)
