"""`new · run · check · article · accept · measure · fetch · runtime · serve · export · finish`: what is typed.

They run from the root of the repository. Each command imports what it needs when it runs: the fast loop must not wait
for what it does not use.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perpnotes.publish.articles import Article
    from perpnotes.publish.checks import Fault
    from perpnotes.publish.compute.worker import Computed

_DOCS, _INSIGHTS, _GLOSSARY = Path("docs"), Path("docs/insights"), Path("docs/glossary.md")


_NEXT = """
Now write, with these beside you:
  python -m perpnotes.publish run docs/insights/{idea}.md      what it computes, at once
  python -m perpnotes.publish check docs/insights/{idea}.md    what is left to write, and every fault
  make article IDEA={idea}                                     its tests, too, and its page
When numbers have changed: python -m perpnotes.publish accept docs/insights/{idea}.md"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters:
        arguments: without the program's name; those of the process by default.

    Returns:
        0 if all is well, 1 if there are faults. `argparse` exits with 2 where it is used wrongly.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not (_DOCS.is_dir() and Path("perpnotes").is_dir()):
        parser.error(f"run it from the root of the repository; {Path.cwd()} has no docs/ and perpnotes/")
    try:
        code: int = chosen.command(chosen)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perpnotes.publish",
        description="Write, run and check articles. Run it from the root of the repository.",
        epilog="A new idea: new, write, run, check, accept, article; then make test.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    def add(command: Callable[[argparse.Namespace], int], short: str, description: str) -> argparse.ArgumentParser:
        own = commands.add_parser(command.__name__[1:], help=short, description=description)
        own.set_defaults(command=command)
        return own

    new = add(
        _new,
        "begin an idea: module, article, test and reference page",
        "Write the four files of an idea and the ledger of its article, and add the idea to the lists in "
        "perpnotes/__init__.py, pyproject.toml and mkdocs.yml. They pass every check and test as they stand, but for "
        "sentences that begin with “To write:”. Prints each file and each line that it adds.",
    )
    new.add_argument("title", help='title of the article, such as "Funding drift"')
    new.add_argument("--name", help="name of the idea and its files; by default the title, as in funding_drift")

    run = add(
        _run,
        "run articles and print what they compute",
        "Run each article and print its blocks, what they show, and the inline values, in the order of the "
        "file. A fault is printed at its path:line. Exit code 1 if there was one.",
    )
    run.add_argument("paths", nargs="+", metavar="path", type=Path, help="an article, such as docs/insights/stress.md")

    check = add(
        _check,
        "report faults of articles; runs nothing",
        "Check pages against the rules without running them, and print each fault as path:line: code "
        "message (fix). Pages in docs/insights/ must keep every rule, other pages those that hold for every page. "
        "Without a path, the tracked files must be of known kinds, too. Exit code 1 if there are faults.",
    )
    check.add_argument("paths", nargs="*", metavar="path", type=Path, help="a page or folder; by default docs/")
    check.add_argument("--rules", action="store_true", help="list the rules with their reasons and fixes instead")

    article = add(
        _article,
        "everything about one idea: its tests, its faults, its ledger and its page",
        "Run the tests of an idea, check its article, compare what the article computes with its ledger, "
        "and render its page alone. Links to places on other pages are left to make site. Exit code 1 if there are "
        "faults.",
    )
    article.add_argument("idea", help="name of the idea, such as fees")

    accept = add(
        _accept,
        "write the computed numbers of articles into the ledger",
        "Run articles and rewrite their ledgers in tests/ledger/. Commit them: their diff is what a "
        "reviewer reads to see which published numbers a change moves.",
    )
    accept.add_argument("paths", nargs="*", metavar="path", type=Path, help="an article; by default all of them")

    serve = add(
        _serve,
        "show the site while it is written",
        "Write what readers take away, build the site and serve it. An edit renders only the pages that it "
        "touches, and the browser shows them at once; it shows a fault, too.",
    )
    serve.add_argument("--address", default="127.0.0.1:8000", help="host:port; by default %(default)s")

    measure = add(
        _measure,
        "measure records anew from the market data in PERPNOTES_DATA",
        "Measure records in tests/records/ anew and write what has moved. PERPNOTES_DATA names the folder "
        "with the data sets; a record of a sweep needs none. Exit code 1 if a record differs or cannot be measured.",
    )
    measure.add_argument("names", nargs="*", metavar="name", help="a record; by default all of them")
    measure.add_argument("--check", action="store_true", help="write nothing, and say what no longer agrees")
    measure.add_argument("--present", action="store_true", help="leave out records whose data sets are not there")

    fetch = add(
        _fetch,
        "bring the data sets that are public files into PERPNOTES_DATA",
        "Fetch the published files of data sets in tests/datasets.yaml by commit and SHA-256, and cut "
        "them. Those that consist of no public files are left out. Uses the network.",
    )
    fetch.add_argument("files", nargs="*", metavar="file", help="a data set; by default all that can be fetched")

    add(
        _export,
        "write what readers take away",
        "Write to docs/examples each article's worked example, as a script and as a notebook with its "
        "outputs, and the table of published examples. make site and make serve do it before they build.",
    )

    add(
        _runtime,
        "fetch Python for readers' browsers, once",
        "Fetch Pyodide and its numpy once, check them against the hashes in site/runtime.py, and keep them "
        "in the user's cache. A site that is built afterwards has a button at each block that runs in the browser.",
    )
    finish = add(
        _finish,
        "add to the built site what other programs read, weigh its search, make its styles smaller, and pack it",
        "Add to a built site structured data, feeds, llms.txt, each article as Markdown and its picture; "
        "let its search put a name first; put one stylesheet, without unused rules, in the place of the theme's, and "
        "beside it the typefaces of headings and formulas; and pack all of it into a file to read offline. make site "
        "does it after it has built.",
    )
    finish.add_argument("site", nargs="?", type=Path, default=Path("site"), help="the built site; by default site/")
    return parser


def _new(chosen: argparse.Namespace) -> int:
    from perpnotes.publish import scaffold

    try:
        idea = scaffold.idea(chosen.title, chosen.name)
        files, lists = scaffold.files(chosen.title, idea), scaffold.registered(idea)
    except ValueError as error:
        return _fail([str(error)])
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.as_posix())
    for path, text in lists.items():
        before = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(text.split("\n"), 1):
            if line not in before:
                print(f"{path.as_posix()}:{number}: added {line.strip()}")
        path.write_text(text, encoding="utf-8")
    if code := _write_ledgers([_INSIGHTS / f"{idea}.md"]):
        return code
    print(_NEXT.format(idea=idea))
    return 0


def _run(chosen: argparse.Namespace) -> int:
    return max([_run_one(path) for path in chosen.paths])


def _run_one(path: Path) -> int:
    from perpnotes.publish.articles import Block
    from perpnotes.publish.compute import ledger

    found = _compute(path)
    if found is None:
        return 1
    article, computed = found
    where = ""
    for thing, result in ledger.items(article, computed):
        if (heading := ledger.heading(article, thing.line)) != where:
            where = heading
            print(f"\n== {where} ==")
        if isinstance(thing, Block) and isinstance(result, tuple):
            print(f"\n{article.path}:{thing.line}: block {thing.id}")
            print("\n".join(f"  > {line}".rstrip() for line in thing.source.rstrip().split("\n")))
            for output in result:
                name = f"{output.kind} {output.data['id']}: " if "id" in output.data else ""
                print("\n".join(f"    {line}".rstrip() for line in f"{name}{output.text}".rstrip().split("\n")))
        elif not isinstance(thing, Block) and not isinstance(result, tuple):
            print(f"{article.path}:{thing.line}: {thing.source} = {result.text}")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    from perpnotes.publish import checks
    from perpnotes.publish.checks import tracked

    if chosen.rules:
        for rule in checks.RULES:
            where = "every page" if rule.everywhere else "articles"
            print(f"{rule.code}  {rule.name}  [{where}]\n    why: {rule.reason}\n    fix: {rule.fix}")
        return 0
    pages = _pages(chosen.paths or [_DOCS])
    faults: list[object] = [*_faults(pages)]
    if not chosen.paths:
        faults += tracked.stray(Path())
    for fault in faults:
        print(fault)
    print(f"{_count(faults, 'fault')} in {_count(pages, 'page')}", file=sys.stderr)
    return 1 if faults else 0


def _faults(pages: Sequence[Path]) -> list[Fault]:
    from perpnotes.publish import checks
    from perpnotes.publish.articles import ArticleError
    from perpnotes.publish.page import glossary

    try:
        terms = {name: term for name, (term, _) in glossary.terms(_GLOSSARY).items()} if _GLOSSARY.is_file() else {}
    except ArticleError:  # a fault of the glossary, which is checked as a page
        terms, pages = {}, pages if _GLOSSARY in pages else [*pages, _GLOSSARY]
    quotable = checks.quotable(_INSIGHTS)
    return [fault for page in pages for fault in checks.check(page, terms, quotable)]


def _article(chosen: argparse.Namespace) -> int:
    from perpnotes.publish import loop
    from perpnotes.publish.articles import did_you_mean
    from perpnotes.publish.compute import ledger

    page = _INSIGHTS / f"{chosen.idea}.md"
    if not page.is_file():
        hint = did_you_mean(chosen.idea, [path.stem for path in _INSIGHTS.glob("*.md")])
        return _fail([f"there is no {page.as_posix()}{hint}"])
    with loop.testing(chosen.idea) as tests:
        faults = _faults([page])
        messages = [*map(str, faults)]
        if not {fault.rule.code for fault in faults} & {"PN001", "PN401"}:  # or it must not, or cannot, run
            found = _compute(page)
            if found is None:
                messages.append(f"{page.as_posix()} does not run: see above")
            else:
                messages += filter(None, [ledger.difference(*found)])
                messages += loop.rendered(page)
        for message in messages:
            print(message)
        print(f"{page.as_posix()}: {_count(messages, 'fault')}; its tests are running", file=sys.stderr)
        passed, said = tests()
    print(said)
    return 0 if passed and not messages else 1


def _accept(chosen: argparse.Namespace) -> int:
    from perpnotes.publish.compute import ledger

    code = _write_ledgers(chosen.paths or sorted(_INSIGHTS.glob("*.md")))
    if not chosen.paths:
        for file in ledger.FOLDER.glob("*.txt"):
            if not (_INSIGHTS / f"{file.stem}.md").exists():
                file.unlink()
                print(f"{file.as_posix()}: removed, its article is gone")
    return code


def _write_ledgers(paths: Sequence[Path]) -> int:
    from concurrent.futures import ThreadPoolExecutor

    from perpnotes.publish.compute import ledger

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        computed = list(pool.map(_compute, paths))
    for found in computed:
        if found is None:
            continue
        file = ledger.path(found[0])
        old = file.read_text(encoding="utf-8") if file.is_file() else ""
        text = ledger.text(*found)
        if old == text:
            print(f"{file.as_posix()}: as it was")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        moved = [line for line in ledger.changes(old.splitlines(), text.splitlines()) if line[0] == "+" and line[1:]]
        print(f"{file.as_posix()}: {_count(moved, 'line')} new or changed")
    return 1 if None in computed else 0


def _compute(path: Path) -> tuple[Article, Computed] | None:
    """A page and what it computes; None where there is a fault, which is printed."""
    from perpnotes.publish import articles, checks
    from perpnotes.publish.compute import results

    try:
        article = articles.read(path)
        if faults := checks.refused(article):
            _fail(map(str, faults))
            return None
        return article, results.of(article)
    except articles.ArticleError as error:
        _fail([str(error)])
        return None


def _measure(chosen: argparse.Namespace) -> int:
    from perpnotes.publish.compute import records
    from perpnotes.publish.evidence import measure

    if unknown := set(chosen.names) - set(records.names()):
        return _fail([f"no record {', '.join(sorted(unknown))}; there are {', '.join(records.names())}"])
    code, data = 0, measure.folder()
    for name in chosen.names or records.names():
        file, old = records.FOLDER / f"{name}.yaml", records.read(name)
        try:
            if chosen.check:
                moved = list(measure.differences(old, data))
                code = max(code, _fail(moved) if moved else 0)
                print(f"{file.as_posix()}: {'differs' if moved else 'agrees'}")
                continue
            new = measure.measure(old, data)
        except (measure.MissingDataError, measure.OtherDataError) as error:
            if chosen.present and isinstance(error, measure.MissingDataError):
                print(f"{file.as_posix()}: left out, {error}")
            else:
                code = _fail([f"{file.as_posix()}: {error}"])
            continue
        if new != old:
            file.write_text(measure.text(new), encoding="utf-8")
        print(f"{file.as_posix()}: {'as it was' if new == old else 'measured anew'}")
    return code


def _fetch(chosen: argparse.Namespace) -> int:
    from perpnotes.publish.compute import records
    from perpnotes.publish.evidence import fetch, measure

    known = {file: dataset for file, dataset in records.datasets().items() if dataset.fetch}
    if unknown := set(chosen.files) - known.keys():
        return _fail([f"cannot fetch {', '.join(sorted(unknown))}; can fetch {', '.join(known)}"])
    data = measure.folder()
    if data is None:
        return _fail([f"set {measure.VARIABLE} to the folder that the data sets go to"])
    for file in chosen.files or known:
        try:
            print(fetch.fetch(known[file], data).as_posix())
        except fetch.FetchError as error:
            return _fail([str(error)])
    return 0


def _pages(paths: Iterable[Path]) -> list[Path]:
    return [page for path in paths for page in (sorted(filter(_is_page, path.rglob("*"))) if path.is_dir() else [path])]


def _is_page(path: Path) -> bool:
    """Whether MkDocs would make a page of a file."""
    return path.suffix.lower() in (".md", ".markdown", ".mdown", ".mkdn", ".mkd")


def _count(things: Iterable[object], name: str) -> str:
    number = len(list(things))
    return f"{number or 'no'} {name}{'s' * (number != 1)}"


def _fail(messages: Iterable[str]) -> int:
    for message in messages:
        print(message, file=sys.stderr)
    return 1


def _finish(chosen: argparse.Namespace) -> int:
    from perpnotes.publish.site import finish

    for line in finish.finish(chosen.site):
        print(line)
    return 0


def _runtime(_: argparse.Namespace) -> int:
    import subprocess

    from perpnotes.publish.site import runtime

    try:
        print(runtime.prepare())
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        return _fail([f"the runtime is not there: {error}"])
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    from perpnotes.publish import serve

    serve.serve(chosen.address)
    return 0


def _export(_: argparse.Namespace) -> int:
    from concurrent.futures import ThreadPoolExecutor

    from perpnotes.publish import articles
    from perpnotes.publish.compute import results
    from perpnotes.publish.site import downloads

    try:
        # All that `finish` will ask of a page is asked first, or the page would have to run once more for it.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(results.deep, map(articles.read, _pages([_DOCS]))))
        print(f"{len(downloads.export())} files in docs/examples")
    except articles.ArticleError as error:
        return _fail([str(error)])
    return 0
