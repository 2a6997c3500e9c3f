"""The files of a branch: of known kinds and in known places, and no other. A build might read others."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from perpnotes.publish.page import markup

_WORD = "[a-z0-9][a-z0-9_-]*"
_KNOWN = re.compile(
    rf"""
      docs/(?:{_WORD}/)*{_WORD}\.md | docs/assets/(?:{_WORD}\.(?:css|m?js|svg|png)|OFL\.txt)
    | perpnotes/(?:{_WORD}/)*_{{0,2}}{_WORD}(?:__)?\.py | perpnotes/py\.typed
    | perpnotes/publish/theme/(?:partials/(?:javascripts/)?)?{_WORD}\.html
    | tests/(?:{_WORD}/)*_{{0,2}}{_WORD}(?:__)?\.(?:py|txt|ya?ml|json|csv)
    | \.ci/run | \.github/(?:[\w-]+/)*[\w-]+(?:\.(?:yml|md|py|png))?
    | [A-Z_]+\.md | LICENSE | Makefile | CITATION\.cff | pyproject\.toml | mkdocs\.yml | requirements(?:-{_WORD})?\.txt
    | \.gitignore | \.gitattributes | \.editorconfig
    """,
    re.VERBOSE,
)
_LOADED = re.compile(
    r"(?:.*/)?(?:sitecustomize|usercustomize|setup|main|macros|mkdocs_macros)\.py|(?!tests/).*conftest\.py"
)
"""What Python, pytest or a plugin runs because of its name."""

_LINK, _SUBMODULE = "120000", "160000"


def stray(root: Path) -> Iterator[str]:
    """What is wrong with the files of a repository, each as `path: message`.

    Parameters:
        root: of the repository. Without Git, only `docs/` is looked at.
    """
    names = {
        file.relative_to(root).as_posix(): _LINK if file.is_symlink() else ""
        for file in (root / "docs").rglob("*")
        if (file.is_symlink() or not file.is_dir()) and file.relative_to(root).parts[1] != "examples"
    }
    command = ["git", "-C", str(root), "ls-files", "--stage", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603  (a fixed command)
    except (OSError, subprocess.CalledProcessError):
        listed = b""
    for entry in listed.decode(errors="replace").split("\0")[:-1]:
        about, _, name = entry.partition("\t")
        names[name] = about.split(" ")[0]
    for name, mode in sorted(names.items()):
        if fault := _fault(root, name, mode):
            yield f"{name}: {fault}"


def _fault(root: Path, name: str, mode: str) -> str:
    if mode in (_LINK, _SUBMODULE):
        return "a link or a submodule: what it leads to is not in the branch"
    if not _KNOWN.fullmatch(name) or _LOADED.fullmatch(name):
        return "no check reads it, and a build might; known kinds stand in perpnotes/publish/checks/tracked.py"
    file = root / name
    text = file.read_text(encoding="utf-8", errors="replace") if file.suffix in (".svg", "") and file.is_file() else ""
    if file.suffix == ".svg":
        return next((f"a picture must not have {fault}" for fault, _ in markup.faults(text, markup.COMPUTED)), "")
    if file.name == ".gitattributes" and re.search(r"\b(?:filter|diff|merge|export-subst)\b", text):
        return "an attribute that has Git run or rewrite something"
    return ""
