"""The library as a wheel that the site serves itself, beside the examples that need it: pip can install its address."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from perpnotes import __version__

NAME = f"perpnotes-{__version__}-py3-none-any.whl"
ROOT = Path(__file__).parents[2]
_DATE = (1980, 1, 1, 0, 0, 0)


def install() -> str:
    """The command that installs the library, from the site where its address is known."""
    site = os.environ.get("SITE_URL", "").rstrip("/")
    return f"pip install {site}/examples/{NAME}" if site else f"pip install ./{NAME}"


def library() -> list[Path]:
    """Its files: without what makes the site."""
    return sorted(file for file in ROOT.iterdir() if file.suffix == ".py" or file.name == "py.typed")


def packed() -> bytes:
    """The wheel: what a release has, without what makes the site; the same bytes for the same sources."""
    info = f"perpnotes-{__version__}.dist-info"
    tags = b"Wheel-Version: 1.0\nGenerator: perpnotes\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    parts = [(f"perpnotes/{file.name}", file.read_bytes()) for file in library()]
    parts += [(f"{info}/METADATA", _metadata().encode()), (f"{info}/WHEEL", tags)]
    lines = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in parts]
    parts.append((f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()))
    return zipped(parts)


def zipped(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive: the same bytes for the same names and contents."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED, 9)
    return file.getvalue()


def _metadata() -> str:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fields = [("Metadata-Version", "2.4"), ("Name", project["name"]), ("Version", __version__)]
    fields += [("Summary", project["description"]), ("License-Expression", project["license"])]
    fields += [("Requires-Python", project["requires-python"])]
    fields += [("Requires-Dist", each) for each in project["dependencies"]]
    return "".join(f"{name}: {value}\n" for name, value in fields)


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
