"""Serves the site while it is written: only what an edit touches is rendered again.

MkDocs renders every page after every edit. Here configuration, pages, cross references and search entries of the last
build stay in memory, and `inputs` notes for each page what it was made from. Links, anchors and warnings are judged
over the whole site each time, as in a strict build, and the files are the same to the byte. A change of what is loaded
only once (the publishing layer, `mkdocs.yml`, a file that comes or goes) starts the process anew.
"""

from __future__ import annotations

import ast
import contextlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import Any

from griffe import ModulesCollection
from mkdocs.commands.build import _build_page, _build_theme_template, _populate_page
from mkdocs.config import load_config
from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.files import File, Files, get_files, set_exclusions
from mkdocs.structure.nav import get_navigation
from mkdocs.structure.pages import Page

from perpnotes.publish import articles, inputs
from perpnotes.publish.compute import results, worker
from perpnotes.publish.loop import PLACE, Warnings
from perpnotes.publish.site import runtime, search

_CONFIG, _DOCS, _EXAMPLES, _LIBRARY = Path("mkdocs.yml"), Path("docs"), Path("docs/examples"), Path("perpnotes")
_WATCHED = (_DOCS, _LIBRARY, Path("tests/published"))
_ASKED = """
import sys
from perpnotes.publish.site import traces
print(dict(traces.files(sys.argv[1])).get(sys.argv[2], ""))
"""
_asked: ContextVar[str] = ContextVar("_asked")  # the folder of the page that a thread serves


class Fault(Exception):  # noqa: N818  (the browser shows it)
    """What keeps the site from being built.

    Parameters:
        message: `path:line: reason` where it has a place.
        detail: for who looks closer: other warnings, a traceback.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message, self.detail = message, detail


@dataclass(slots=True)
class _Kept:
    """A page, and what came of rendering it."""

    page: Page
    trace: inputs.Trace | None = None  # None where it is to be rendered
    content: str | None = None  # before cross references
    resolved: str | None = None  # after them; None where they are to be resolved
    anchors: tuple[dict[str, Any], ...] = ({}, {}, {})
    objects: dict[str, Any] = field(default_factory=dict)  # in the inventory
    entries: search.Page | None = None  # in the search
    shown: tuple[Any, ...] | None = None  # what the written file was made from


class Site:
    """The whole site, as last built.

    Parameters:
        folder: where it is written to.
        url: where it is served.
    """

    def __init__(self, folder: str, url: str) -> None:
        with Warnings() as self._always:  # such as that the navigation lacks a page
            config = load_config(_CONFIG.as_posix(), site_dir=folder, site_url=url, strict=True)
            config.plugins.on_startup(command="build", dirty=False)
            self.config = config.plugins.on_config(config)
            config.plugins.on_pre_build(config=config)
            self.env = config.theme.get_env()
            files = get_files(config)
            files.add_files_from_theme(self.env, config)
            self.files = config.plugins.on_files(files, config=config)
            set_exclusions(self.files, config)
            self.nav = config.plugins.on_nav(get_navigation(self.files, config), config=config, files=self.files)
        docs: Any = config.plugins["mkdocstrings"]
        self.handler = docs.get_handler("python")
        self.handler.collect = partial(_collect, self.handler.collect)
        self.modules: Mapping[str, str] = {}  # that it has read
        self.sources = self.files.documentation_pages()
        self.pages = [_Kept(file.page or Page(None, file, config)) for file in self.sources]
        self.copied: dict[str, tuple[int, int]] = {}
        self.around: list[Any] = []
        threading.Thread(target=worker.warm, daemon=True).start()
        self.places: list[Any] = []  # what cross references lead to
        self.read: set[str] = set()
        self.strays: dict[str, str] = {}  # read in a way that nobody knows, with the digest of the content

    @property
    def elsewhere(self) -> set[str]:
        """Files in no watched folder that a page was ever made from."""
        near = tuple(str(path.absolute()) for path in (_CONFIG, *_WATCHED, results.folder()))
        return {path for path in self.read if not path.startswith(near)}

    def build(self) -> list[str]:
        """Bring the folder up to date.

        Returns:
            The addresses of the pages that were written.

        Raises:
            Fault: there are warnings.
            Exception: whatever a page, an extension or a plugin raises.
        """
        with Warnings() as warnings, inputs.kept():
            written = self._build(warnings)
        if messages := self._always + warnings:
            message, _, more = "\n".join(messages).partition("\n")
            raise Fault(message, more)
        return written

    def _build(self, warnings: list[str]) -> list[str]:
        plugins = self.config.plugins
        refs: Any = plugins["autorefs"]
        docs: Any = plugins["mkdocstrings"]
        self.handler.get_headings()  # those that a fault left
        if self.modules != (modules := inputs.aside(_modules)):
            self.modules, self.handler._modules_collection = modules, ModulesCollection()
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # pages that have to run do so side by side
            ran = pool.map(self._run, self.sources)
            with contextlib.suppress(Exception):  # whoever shows it says what is wrong
                self.handler.collect(_LIBRARY.name, self.handler.get_options({}))
            list(ran)
        stale = [kept for kept in self.pages if not self._holds(kept)]
        for kept in stale:
            before, kept.trace, kept.resolved, kept.shown = len(warnings), None, None, None
            kept.anchors = refs._primary_url_map, refs._secondary_url_map, refs._title_map = {}, {}, {}
            docs.handlers.inventory.clear()
            trace = self._render(kept)
            kept.content, kept.objects = kept.page.content, dict(docs.handlers.inventory)
            if len(warnings) == before:  # or it is to warn again
                kept.trace = trace
        self._join(refs, docs.handlers.inventory)
        self._resolve(refs, warnings)
        self._copy()
        around = [(kept.page.title, kept.page.url, kept.page.meta) for kept in self.pages]  # the navigation is on all
        if around != self.around:
            for template in self.config.theme.static_templates:
                _build_theme_template(template, self.env, self.files, self.config, self.nav)
            self.around = around
        written = [kept for kept in self.pages if kept.shown != (kept.page.content, around)]
        for kept in written:
            before, shown = len(warnings), (kept.page.content, around)
            _build_page(kept.page, self.config, self.sources, self.nav, self.env)
            built = Path(kept.page.file.abs_dest_path).read_text(encoding="utf-8")
            kept.entries, kept.shown = search.read(built, kept.page.url), shown if len(warnings) == before else None
        for kept in self.pages:
            kept.page.validate_anchor_links(files=self.files, log_level=self.config.validation.links.anchors)
        if written:
            search.write(Path(self.config.site_dir), [kept.entries for kept in self.pages if kept.entries])
        return [kept.page.url for kept in written]

    def _run(self, file: File) -> None:
        """Have the results of a page kept."""
        with inputs.noted() as trace, contextlib.suppress(Exception):  # rendering tells it, at its place
            inputs.aside(results.own, _DOCS / file.src_uri)
        self.read |= trace.files

    def _holds(self, kept: _Kept) -> bool:
        """Whether a page is what it would be if it were rendered now."""
        with inputs.noted() as trace:
            holds = kept.trace is not None and kept.trace.holds()
        self.read |= trace.files
        return holds

    def _render(self, kept: _Kept) -> inputs.Trace:
        own = _source(kept.page.file)
        with inputs.noted() as trace:
            try:
                inputs.ask(inputs.content, own)
                _populate_page(kept.page, self.config, self.files)
            finally:  # and for good: what was kept of a file once is not read again
                self.read |= trace.files
                self.strays = {path: digest for path, digest in trace.strays.items() if path != own} | self.strays
        return trace

    def _join(self, refs: Any, inventory: dict[str, Any]) -> None:
        """Lay together what the pages registered, in the order of a build of all of them."""
        joined: tuple[dict[str, Any], ...] = ({}, {}, {})
        inventory.clear()
        for kept in self.pages:
            kept.page.content = kept.content
            for urls, mine in zip(joined[:2], kept.anchors[:2], strict=True):
                for name, found in mine.items():
                    urls.setdefault(name, []).extend(found)
            joined[2].update(kept.anchors[2])
            for name, one in kept.objects.items():
                if one.priority == 1 or name not in inventory:  # as it is registered: an alias gives way
                    inventory[name] = one
        refs._primary_url_map, refs._secondary_url_map, refs._title_map = joined
        refs._backlinks.clear()
        refs._breadcrumbs_map.clear()

    def _resolve(self, refs: Any, warnings: list[str]) -> None:
        """Resolve cross references: of all pages where something that they may lead to has moved, or else of some."""
        places = [dict(urls) for urls in (refs._primary_url_map, refs._secondary_url_map, refs._title_map)]
        open_ = [kept for kept in self.pages if places != self.places or kept.resolved is None]
        before, self.places = len(warnings), places
        self.config.plugins.on_env(self.env, config=self.config, files=Files([kept.page.file for kept in open_]))
        for kept in open_:  # which page warns is not known
            kept.resolved = kept.page.content if len(warnings) == before else None
        for kept in self.pages:
            kept.page.content = kept.page.content if kept.resolved is None else kept.resolved

    def _copy(self) -> None:
        for file in self.files:
            if not file.is_documentation_page() and file.inclusion.is_included():  # type: ignore[no-untyped-call]  # MkDocs has no types
                stat = Path(_source(file)).stat()
                stamp = (stat.st_mtime_ns, stat.st_size)
                if self.copied.get(file.src_uri) != stamp:
                    file.copy_file()
                    self.copied[file.src_uri] = stamp


def _source(file: File) -> str:
    assert file.abs_src_path is not None  # noqa: S101  (only plugins make files that lie nowhere)
    return file.abs_src_path


def _collect(collect: Callable[..., Any], name: str, options: Any) -> Any:
    """What mkdocstrings knows of a module; the page asks for what it shows of it."""
    found = inputs.aside(collect, name, options)
    shown = [found, *(one for one in found.members.values() if one.is_public and not one.is_module)]
    for file in sorted({str(one.filepath) for one in shown}):
        inputs.ask(inputs.content, file)
    inputs.ask(_around)
    return found


def _modules() -> Mapping[str, str]:
    """The digest of each module of the library."""
    return {str(path): inputs.content(str(path)) for path in _LIBRARY.glob("*.py")}


def _around() -> tuple[str, ...]:
    """What can be seen of the library's modules from outside, which their documentation may show elsewhere."""
    return tuple(_outside(path.read_text(encoding="utf-8")) for path in sorted(_LIBRARY.glob("*.py")))


@lru_cache(maxsize=128)
def _outside(source: str) -> str:
    outer: list[ast.Module | ast.ClassDef] = [ast.parse(source)]
    for node in outer:
        node.body = [each for each in node.body if not isinstance(each, ast.Expr)]
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name != "__init__":
                each.body = []
            elif isinstance(each, ast.ClassDef):
                outer.append(each)
    return ast.dump(outer[0])


def _fault(error: Exception) -> Fault:
    """An error as its author has to read it."""
    # What cannot be read is told at its place, not where another page imports, lists or quotes it.
    for file in sorted(_LIBRARY.glob("*.py")):
        try:
            ast.parse(file.read_text(encoding="utf-8"))
        except SyntaxError as broken:
            return Fault(f"{file.as_posix()}:{broken.lineno}: {broken.msg}", (broken.text or "").rstrip())
    for file in sorted(_DOCS.rglob("*.md")):
        try:
            articles.read(file)
        except articles.ArticleError as broken:
            error = broken
            break
    message, _, detail = str(error).partition("\n")
    if not (place := PLACE.match(message)):
        here = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(Path.cwd())]
        where = f"{Path(here[-1].filename).relative_to(Path.cwd()).as_posix()}:{here[-1].lineno}: " if here else ""
        return Fault(f"{where}{type(error).__name__}: {message}", "".join(traceback.format_exception(error)))
    advice: list[str] = []
    with contextlib.suppress(Exception):  # the page may be what cannot be read
        advice += _advice(place["path"])
    return Fault(message, "\n".join(filter(None, (*advice, detail))))


def _advice(path: str) -> Iterator[str]:
    """What the command `check` says of a page; each of its faults names the fix."""
    from perpnotes.publish import checks
    from perpnotes.publish.page import glossary

    if path.endswith(".md"):
        terms = {anchor: term for anchor, (term, _) in glossary.terms(_DOCS / "glossary.md").items()}
        yield from map(str, checks.check(path, terms, checks.quotable(_DOCS / "insights")))


def _told(folder: str, path: str) -> bytes:
    """What is told of the numbers of a page, or a picture's steps, by a process that loads the library anew."""
    command = [sys.executable, "-c", _ASKED, folder, path]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603  (our own command)


class _Server(LiveReloadServer):
    """Serves the site, or its fault in the place of every page; looks for edits itself.

    Parameters:
        builder: called for the first time when the server starts.
        host: where it is served.
        port: where it is served.
        folder: what is served.
        stamps: says of each file that matters when it was written.
    """

    fault = b""

    def __init__(
        self, builder: Callable[[], None], host: str, port: int, folder: str, stamps: Callable[[], Mapping[str, object]]
    ) -> None:
        super().__init__(builder, host, port, folder)
        self.error_handler = lambda _code: self._inject_js_into_html(self._missing(), self._visible_epoch)
        self._want_rebuild, self._wanted_epoch = True, self._wanted_epoch + 1  # early requests wait for the first build
        self._watched_paths = {".": 1}  # or pages would not be told to reload; the observer has nothing to do
        self.build_delay = 0.0
        threading.Thread(target=self._look, args=(stamps, stamps()), daemon=True).start()

    def server_activate(self) -> None:
        super().server_activate()
        print(f"Serving on {self.url}", flush=True)

    def _look(self, stamps: Callable[[], Mapping[str, object]], known: Mapping[str, object]) -> None:
        while True:
            time.sleep(0.1)
            now = stamps()
            heard = {path: stamp for path, stamp in now.items() if Path(path).is_absolute()}  # maybe just now
            known = {**heard, **known}
            moved = now != known
            while now != known:  # until what is being written is there
                time.sleep(0.05)
                known, now = now, stamps()
            if moved:
                with self._rebuild_cond:
                    self._want_rebuild = True
                    self._rebuild_cond.notify_all()

    def _serve_request(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Any:
        """A file; what a page asks for when a reader acts is made then, of the library as it is."""
        path = environ["PATH_INFO"].lstrip("/")
        folder, _, name = path.rpartition("/")
        _asked.set(folder)
        python = folder == runtime.TARGET and runtime.ready() and name in runtime.names()
        if path.endswith(".js"):
            with self._epoch_cond:
                self._epoch_cond.wait_for(lambda: self._visible_epoch == self._wanted_epoch)
        if not python and (not path.endswith(".js") or Path(self.root, path).is_file()):
            return super()._serve_request(environ, start_response)
        told = runtime.content(name) if python else _told(f"{folder}/", path)
        if not told.strip():
            return None
        kind = self._guess_type(name)  # type: ignore[no-untyped-call]  # MkDocs has no types
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(told)))])
        return [told]

    def _inject_js_into_html(self, content: bytes, epoch: int) -> bytes:
        pages = _DOCS.rglob("*.md") if runtime.ready() else ()
        page = next((file for file in pages if articles.address(file).rstrip("/") == _asked.get()), None)
        if page:
            with contextlib.suppress(articles.ArticleError):  # the next build shows it
                content = runtime.opened(content.decode(), page).encode()
        shown = super()._inject_js_into_html(self.fault or content, epoch)  # type: ignore[no-untyped-call]  # as above
        return bytes(shown)

    def _missing(self) -> bytes:
        page = Path(self.root, "404.html")
        return page.read_bytes() if page.is_file() else b"404 Not Found"


def _page(fault: Fault) -> bytes:
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Fault</title><body style="font: 1rem/1.5 system-ui; margin: 3rem auto; max-width: 60rem; padding: 0 1rem">
<h1 style="font-size: 1.2rem">{escape(fault.message)}</h1>
<pre style="white-space: pre-wrap">{escape(fault.detail)}</pre>
<p>Mend it and save: this page then gives way to the site.</p></body></html>""".encode()


def _stamps(more: Iterable[str] = ()) -> dict[str, tuple[int, int]]:
    """When each file that matters was written, and its size; downloads do not matter, nor what editors leave behind."""
    stamps: dict[str, tuple[int, int]] = {}
    folders = [os.fspath(folder) for folder in _WATCHED]
    while folders:
        for entry in os.scandir(folders.pop()):
            if re.match(r"[.#]|.*~$|__pycache__$", entry.name):
                continue
            if entry.is_dir():
                folders += [entry.path] if entry.path != os.fspath(_EXAMPLES) else []
            else:
                with contextlib.suppress(FileNotFoundError):
                    stamps[entry.path] = (entry.stat().st_mtime_ns, entry.stat().st_size)
    for file in (_CONFIG, *map(Path, more)):
        with contextlib.suppress(FileNotFoundError):
            stamps[str(file)] = (file.stat().st_mtime_ns, file.stat().st_size)
    return stamps


def _frame() -> dict[str, tuple[int, int] | None]:
    """What a process has loaded for good, and the names of all files."""
    loaded = (_CONFIG.name, os.fspath(_LIBRARY / "__init__.py"), os.fspath(_LIBRARY / "publish") + os.sep)
    return {path: stamp if path.startswith(loaded) else None for path, stamp in _stamps().items()}


def serve(address: str) -> None:
    """Build the site, serve it, and follow what changes until stopped.

    Parameters:
        address: host and port.

    Raises:
        OSError: the address is taken.
    """
    from perpnotes.publish.site import downloads

    logging.getLogger("mkdocs.livereload").setLevel(logging.CRITICAL)  # or a request for what is not there would warn
    frame, folder = _frame(), tempfile.mkdtemp(prefix="perpnotes_")
    host, _, port = address.rpartition(":")
    site: Site | None = None

    def builder() -> None:
        nonlocal site
        start = time.perf_counter()
        strays = site.strays if site else {}
        if _frame() != frame or any(inputs.content(path) != digest for path, digest in strays.items()):
            print("What is loaded only once has changed: starting anew", flush=True)
            shutil.rmtree(folder)
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  (our own command)
        try:
            if site is None:
                downloads.export()
                site = Site(folder, f"http://{address}/")
            written = site.build()
        except Exception as error:
            fault = error if isinstance(error, Fault) else _fault(error)
            server.fault = _page(fault)
            print(fault.message, file=sys.stderr, flush=True)
            return
        server.fault = b""
        names = " ".join(name or "/" for name in written[:4]) + " …" * (len(written) > 4)
        print(f"{len(written)} pages in {time.perf_counter() - start:.2f} s: {names}", flush=True)

    server = _Server(builder, host, int(port), folder, lambda: _stamps(site.elsewhere if site else ()))
    try:
        server.serve()  # type: ignore[no-untyped-call]  # MkDocs has no types
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
