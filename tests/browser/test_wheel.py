"""What a release publishes: the library, and nothing that works in the repository only."""

from __future__ import annotations

import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

from .conftest import ROOT


def test_the_wheel_is_the_library_alone(wheel: Path) -> None:
    """Each module of the library and the mark that it is typed; no publishing layer, no command."""
    library = {f"perpnotes/{file.name}" for file in (ROOT / "perpnotes").glob("*.py")} | {"perpnotes/py.typed"}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(about).decode())
    assert {name for name in names if ".dist-info/" not in name} == library
    assert not any(name.endswith("entry_points.txt") for name in names)
    assert [need.partition(">")[0] for need in metadata.get_all("Requires-Dist", [])] == ["numpy"]
    assert metadata.get_all("Provides-Extra") is None
    assert (metadata["Name"], metadata["License-Expression"]) == ("perpnotes", "MIT")


def test_the_source_distribution_holds_what_the_wheel_does(wheel: Path) -> None:
    """And what is said about it: no article, no test, no page."""
    (source,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        library = {name for name in archive.namelist() if name.startswith("perpnotes/")}
    assert names == library | {".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
