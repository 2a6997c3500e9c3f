"""Python for the reader's browser: Pyodide with numpy and the library, on the site's own host.

`prepare` fetches it once, checks every file against the hashes below and keeps it in the user's cache; `add` puts it
into a built site, with a button at each block that can run there. A site that is built without it has no button.
Where the environment variable `PERPNOTES_PYODIDE` names a folder with an official release, it is taken from there.
"""

from __future__ import annotations

import ast
import builtins
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path

from perpnotes.publish import articles
from perpnotes.publish.compute import results, slices
from perpnotes.publish.site import wheel

NUMPY = "numpy-2.4.3-cp314-cp314-pyemscripten_2026_0_wasm32.whl"
HASHES: Mapping[str, str] = {
    "pyodide.mjs": "5cfc46f5dcbaf2a16f26e2363f441873eb424762609cc03db00d6a2ace4d00e5",
    "pyodide.asm.mjs": "1a9775427ef6e8abaa7db88ece0515422d1886915ae5c9093776410c865dfd8d",
    "pyodide.asm.wasm": "e7f8fac36f8bf11085309cbc5c829b3ec3057c18bf1d73b05a6741612d63cdbf",
    "python_stdlib.zip": "444c770dfd75a32097fc0a7d5c1413fd3140601f49c3a1f2e9af0376fcd124b4",
    "pyodide-lock.json": "67e6f0b62fa972daa5fc27c28b3c2ad388f5e343a0be6cab9464d1def06a54a6",
    NUMPY: "0cad9c1b91f0082e4f959bc0e0bf5835a2efbba6ab3b1e9d1fe6e7e564cca98e",
}
"""Pyodide 314.0.3 and the numpy that its lock file names."""

_NOTICE = """\
What this folder has of others, unchanged but for parts that are left out:

Pyodide 314.0.3, Mozilla Public License 2.0. Source: https://github.com/pyodide/pyodide/tree/314.0.3
CPython 3.14 and its standard library, Python Software Foundation License Version 2. Source: https://github.com/python/cpython
tzdata, Apache License 2.0; the time zone database is in the public domain. Source: https://github.com/python/tzdata
NumPy 2.4.3, BSD 3-Clause License. Source: https://github.com/numpy/numpy"""

REQUIREMENTS = Path("requirements-run.txt")
TARGET = "assets/run"
_LIBRARY = "perpnotes.tar.gz"
_INSIDE = "open_webui/frontend/pyodide/"
_DOOR = re.compile(r'<p class="pn-yours"><a href="(#v1=[\w-]+)">(.*?)</a></p>')

# What neither the examples nor ordinary changes of them load: servers, mail, debuggers, interfaces to C.
_STDLIB = re.compile(
    r"(?:xml|xmlrpc|_pyrepl|wsgiref|sqlite3|unittest|multiprocessing|pydoc_data|ensurepip|idlelib|lib2to3|turtledemo|"
    r"tkinter|dbm|curses|venv|ctypes|tomllib|email|http|html)/|"
    r"urllib/(?:request|error|robotparser)\.py|concurrent/futures/process\.py|logging/(?:handlers|config)\.py|"
    r"(?:imaplib|mailbox|smtplib|ftplib|poplib|pdb|bdb|cmd|pydoc|doctest|pickletools|optparse|profile|pstats|cProfile|"
    r"trace|tracemalloc|modulefinder|socketserver|plistlib|wave|webbrowser|turtle|tabnanny|pyclbr|fileinput|compileall|"
    r"timeit|zipapp|netrc|nturl2path|sched|this|antigravity|getpass|rlcompleter|symtable|cgi|configparser|ssl|"
    r"uuid|mimetypes|_pyio|_pydatetime|zipimport|nntplib|telnetlib|asynchat|symtable|tty|pty|quopri|mailcap|argparse|gettext|getopt|difflib)\.py$|"
    r"encodings/(?!(?:__init__|aliases|ascii|latin_1|utf_8|utf_8_sig|utf_16|utf_16_le|utf_16_be|utf_32|cp437|idna|"
    r"raw_unicode_escape|unicode_escape|punycode)\.py)"
)
_NUMPY = re.compile(
    r".*/tests/|numpy/(?:f2py|distutils|_pyinstaller|testing|conftest|lib/recfunctions)|.*\.(?:pyi|pxd|h|a|md|txt)$|.*\.dist-info/(?!METADATA)"
)


def folder() -> Path:
    """Where it is kept, ready to be put into a site: its name changes with the hashes and with what is left out."""
    known = repr((sorted(HASHES.items()), _STDLIB.pattern, _NUMPY.pattern, _NOTICE)).encode()
    return results.folder() / f"runtime-{hashlib.sha256(known).hexdigest()[:12]}"


def ready() -> bool:
    """Whether it is there."""
    return (folder() / "numpy.zip").is_file()


def prepare() -> Path:
    """Fetch and check it, leave out what nobody needs, and keep the rest.

    Returns:
        The folder.

    Raises:
        ValueError: a file is not the one whose hash is known.
        OSError: a file is missing.
        subprocess.CalledProcessError: the package cannot be downloaded.
    """
    target = folder()
    if ready():
        return target
    found = {name: _checked(name, content) for name, content in _fetched()}
    target.mkdir(parents=True, exist_ok=True)
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        (target / name).write_bytes(found[name])
    lock = {**json.loads(found["pyodide-lock.json"]), "packages": {}}  # those of other people
    (target / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    # Compressed here: not every host compresses it. The page unpacks it, and its hash is in the script.
    (target / "pyodide.asm.wasm.gz").write_bytes(gzip.compress(found["pyodide.asm.wasm"], 9, mtime=0))
    (target / "python_stdlib.zip").write_bytes(_without(found["python_stdlib.zip"], _STDLIB))
    (target / "tzdata.tar.gz").write_bytes(_tarred(Path(str(files("tzdata")))))
    with zipfile.ZipFile(io.BytesIO(found[NUMPY])) as numpy:
        licenses = [numpy.read(name).decode() for name in numpy.namelist() if name.endswith("licenses/LICENSE.txt")]
    (target / "NOTICE.txt").write_text("\n\n".join([_NOTICE, *licenses]), encoding="utf-8")
    (target / "numpy.zip").write_bytes(_without(found[NUMPY], _NUMPY))  # last: it says that all are there
    return target


def _fetched() -> Iterator[tuple[str, bytes]]:
    if named := os.environ.get("PERPNOTES_PYODIDE"):
        yield from ((name, Path(named, name).read_bytes()) for name in HASHES)
        return
    kept = results.folder() / "downloads"
    kept.mkdir(parents=True, exist_ok=True)
    options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--require-hashes", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "-r", str(REQUIREMENTS), "-d", str(kept)]
    subprocess.run(command, check=True)  # noqa: S603  (our own command)
    (package,) = kept.glob("open_webui-*.whl")
    with zipfile.ZipFile(package) as archive:
        yield from ((name, archive.read(_INSIDE + name)) for name in HASHES)
    package.unlink()


def _checked(name: str, content: bytes) -> bytes:
    if (found := hashlib.sha256(content).hexdigest()) != HASHES[name]:
        raise ValueError(f"{name} must have the SHA-256 {HASHES[name]}, got {found}")
    return content


def _without(archive: bytes, gone: re.Pattern[str]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        names = [name for name in source.namelist() if not name.endswith("/") and not gone.match(name)]
        return wheel.zipped((name, source.read(name)) for name in sorted(names))


def _tarred(home: Path, parts: Iterable[Path] | None = None) -> bytes:
    """A package (the time zones, which a browser's Python does not have, or the library), compressed as one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(parts or (each for each in home.rglob("*") if each.is_file() and each.suffix != ".pyc")):
            entry = tarfile.TarInfo(f"{home.name}/{file.relative_to(home).as_posix()}")
            entry.size = file.stat().st_size
            archive.addfile(entry, io.BytesIO(file.read_bytes()))
    return gzip.compress(packed.getvalue(), 9, mtime=0)


# --- Into a site ---


def add(site: Path) -> int:
    """Put it into a built site, a button at each block that runs there, and the links to the reader's own book.

    Where it is not prepared these links go: they would lead to a page that cannot answer.

    Parameters:
        site: the folder.

    Returns:
        How many blocks can be run; 0 without a prepared runtime.
    """
    here, count = ready(), 0
    if here:
        (site / TARGET).mkdir(parents=True, exist_ok=True)
        for name in names():
            (site / TARGET / name).write_bytes(content(name))
    for file in sorted(Path("docs").rglob("*.md")):
        page = site / articles.address(file) / "index.html"
        if page.is_file():
            html = page.read_text(encoding="utf-8")
            html = opened(html, file) if here else _DOOR.sub("", html)
            page.write_text(html, encoding="utf-8")
            count += html.count('<button type="button" data-run=')
    return count


def names() -> list[str]:
    """The files that a page loads."""
    return [*sorted(file.name for file in folder().iterdir()), _LIBRARY]


def content(name: str) -> bytes:
    """What is in one of these files; the library is in it as it is now.

    Parameters:
        name: one of `names`.
    """
    return _tarred(wheel.ROOT, wheel.library()) if name == _LIBRARY else (folder() / name).read_bytes()


def opened(html: str, file: Path) -> str:
    """A page with a button at each block that runs there, and the links to the reader's own book.

    Parameters:
        html: as built.
        file: what it was built from, from the root of the repository.
    """
    loads = _loads(folder())
    for name in runnable(articles.read(file)):
        button = f'<p class="pn-runs"><button type="button" data-run="{escape(name)}">Run it here</button>{loads}</p>'
        html = re.sub(rf'(<div class="pn-block" id="{re.escape(name)}">)', rf"\g<1>{button}", html, count=1)
    return _doors(html, articles.address(file), loads)


@lru_cache(maxsize=1)
def _loads(_folder: Path) -> str:
    """What is said beside a button that loads it."""
    files = ((name, content(name)) for name in names())
    size = sum(len(gzip.compress(raw, 6) if name.endswith((".mjs", ".json")) else raw) for name, raw in files)
    return f"<small>Loads Python into this browser, {size / 1e6:.1f} MB, once.</small>"


def _doors(html: str, page: str, loads: str) -> str:
    """A page with its links to the reader's own book; on that page, with the button and the script instead."""
    if page != "book/":
        link = rf'<p class="pn-runs"><a href="{"../" * page.count("/")}book/\1">\2</a></p>'
    else:
        link = rf'<p class="pn-runs"><button type="button" data-book="\1">\2</button>{loads}</p>'
        html = html.replace("</body>", '<script src="../assets/book.js"></script></body>')
    return _DOOR.sub(link, html)


def runnable(article: articles.Article) -> list[str]:
    """The ids of the blocks that a reader can run: their code stands open, and they need nothing but such blocks.

    Parameters:
        article: the page.
    """
    known = set(dir(builtins))
    found = []
    for block in article.executed:
        if block.code != "shown" or block.output != "text":
            continue
        tree = ast.parse(block.source)
        modules = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        modules |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
        bound = {name for node in tree.body for name in slices.stored(node)}
        inner = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        inner |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        named = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler))
        inner |= {n.name or "" for n in named}
        if any(m.startswith("perpnotes.publish") for m in modules) or slices.names_of(tree) - known - bound - inner:
            continue
        known |= bound
        found.append(block.id)
    return found
