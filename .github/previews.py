"""Puts the preview of each open pull request into a folder: `python .github/previews.py site/preview`.

What is in a preview was made by somebody else's code. It is unpacked as plain files (`zipfile` keeps inside the folder
and makes no symbolic links), never run, and refused where it is larger than any site of ours.
"""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from artifact import LIMIT, known


def get(path: str) -> bytes:
    """The answer of GitHub's interface for this repository."""
    command = ["gh", "api", f"repos/{os.environ['GITHUB_REPOSITORY']}/{path}"]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603  (paths are made below)


def unpack(data: bytes, folder: Path) -> bool:
    """Whether the archive was small enough to be unpacked, and all in it had names of a site's files."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > LIMIT or not all(known(e.filename) for e in entries):
            return False
        archive.extractall(folder)
    return True


def main(target: Path) -> None:
    """Fetch and unpack the latest preview of each open pull request."""
    for pull in json.loads(get("pulls?state=open&per_page=100")):
        number, sha = pull["number"], pull["head"]["sha"]
        query = f"event=pull_request&status=success&head_sha={sha}"
        runs = json.loads(get(f"actions/workflows/preview.yml/runs?{query}"))["workflow_runs"]
        artifacts = json.loads(get(f"actions/runs/{runs[0]['id']}/artifacts"))["artifacts"] if runs else []
        for artifact in artifacts:
            if artifact["name"] == "preview" and not artifact["expired"]:
                done = unpack(get(f"actions/artifacts/{artifact['id']}/zip"), target / str(number))
                print(f"#{number}: {'published' if done else 'too large, or not a site'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
