"""Says which files of a pull request decide what is checked or believed: `python .github/touched.py HEAD^1 HEAD`.

Reviewers read them first. The names are the pull request's, so they are written as data.
"""

import re
import subprocess
import sys
from collections.abc import Iterable

WATCHED = {
    "what runs in continuous integration": r"\.github/.*|\.ci/.*|Makefile",
    "what is installed": r"pyproject\.toml|requirements.*\.txt",
    "how the site is built": r"mkdocs\.yml|zensical\.toml|docs/assets/.*|perpnotes/publish/.*",
    "what is computed": r"perpnotes/(?!publish/).*",
    "what is believed: records, ledgers, published examples": r"(?:.*/)?records?/.*|tests/ledger/.*|tests/published/.*",
    "what Git or Python does by a file's name": r"(?:.*/)?(?:\.git.*|conftest\.py|[a-z]*customize\.py|.*\.pth)",
}


def summary(names: Iterable[str]) -> str:
    """Markdown: the watched files among those that changed, by what they decide."""
    changed = sorted(set(names))
    parts = []
    for what, pattern in WATCHED.items():
        if touched := [name for name in changed if re.fullmatch(pattern, name)]:
            parts += [f"- **{what}**", *(f"    - `{_plain(name)}`" for name in touched)]
    head = "### Read these before anything else" if parts else "### Nothing that decides what is checked or built"
    return "\n".join([head, "", *parts, f"\n{len(changed)} files changed."])


def _plain(name: str) -> str:
    return name if re.fullmatch(r"[\w./-]+", name, re.ASCII) else ascii(name).replace("`", "\\x60")


if __name__ == "__main__":
    command = ["git", "diff", "--name-only", "--no-renames", "-z", sys.argv[1], sys.argv[2]]
    listed = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603  (two commits)
    print(summary(listed.decode(errors="replace").split("\0")[:-1]))
