"""What a reader takes from the built site runs where it lands, and prints what the page shows."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, expect

from .conftest import articles, run


def shown(site: Path, name: str) -> list[str]:
    """What the page shows below each block of its worked example; a site with Python has a button above the code."""
    page = (site / f"insights/{name}/index.html").read_text()
    section = page.partition('<h2 id="worked-example"')[2].partition("<h2")[0]
    blocks = re.findall(
        r'<div class="pn-block" id="[^"]+">(?:<p class="pn-runs">.*?</p>)?<div class="highlight">.*?</div>'
        r'(.*?)(?=<div class="pn-block"|$)',
        section,
        re.DOTALL,
    )
    folded = section.count('<details class="pn-code">')  # no part of the script
    assert len(blocks) + folded == section.count('<div class="pn-block"'), name
    outputs = [re.search(r'<div class="pn-output"><pre tabindex="0">(.*?)</pre>', block, re.DOTALL) for block in blocks]
    return [unescape(output[1]) if output else "" for output in outputs]


def printed(cell: Any) -> str:
    """What a notebook's cell shows, whether printed or as the value of its last line."""
    return "".join(output.get("text") or str(output) for output in cell.outputs)


def test_every_page_has_its_script_and_notebook_beside_it(site: Path) -> None:
    """At an address that follows from the page's own, linked at the top and under the example."""
    for name in articles(site):
        page = (site / f"insights/{name}/index.html").read_text()
        for kind in ("py", "ipynb"):
            assert (site / f"examples/{name}.{kind}").is_file()
            assert page.count(f'href="../../examples/{name}.{kind}"') == 2
        assert "How to cite:" in page


def test_scripts_run_with_numpy_alone_and_print_what_the_page_shows(site: Path, bare: Path, tmp_path: Path) -> None:
    """From the built site, with the built wheel; nothing else can be imported there."""
    installed = run(
        bare, "-c", "from importlib.metadata import distributions as d; print(*{x.name for x in d()})", cwd=tmp_path
    )
    assert sorted(installed.split()) == ["numpy", "perpnotes"]
    for name in articles(site):
        printed = run(bare, "-W", "error", site / f"examples/{name}.py", cwd=tmp_path)
        assert printed.split() == " ".join(shown(site, name)).split(), name
        assert printed.strip(), name


_CELLS = """
import json, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
for file in map(Path, sys.argv[1:]):
    shell.reset()
    for cell in json.loads(file.read_text())["cells"]:
        if cell["cell_type"] == "code":
            with capture_output() as shown:
                ran = shell.run_cell("".join(cell["source"]))
            assert ran.success, file
            said = "".join("".join(out["text"]) for out in cell["outputs"])
            assert shown.stdout == said, (file, shown.stdout, said)
    print(file.stem)
"""


def test_notebooks_run_and_print_what_they_say(site: Path, bare: Path, tmp_path: Path) -> None:
    """Cell by cell in IPython, beside the wheel and numpy, each cell prints the output that the notebook has."""
    files = [site / f"examples/{name}.ipynb" for name in articles(site)]
    beside = f"import site, sys; sys.path.append({str(Path(nbformat.__file__).parents[1])!r})"
    ran = run(bare, "-c", f"{beside}\n{_CELLS}", *files, cwd=tmp_path, IPYTHONDIR=str(tmp_path / "ipython"))
    assert ran.split() == [file.stem for file in files]


def test_a_notebook_runs_in_a_kernel_and_shows_what_the_page_shows(site: Path, bare: Path, tmp_path: Path) -> None:
    """As in Jupyter: with a kernel, over its protocol."""
    kernel = tmp_path / "kernels/bare"
    kernel.mkdir(parents=True)
    beside = f"import site, sys; sys.path.append({str(Path(nbformat.__file__).parents[1])!r})"
    start = f"{beside}; from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
    argv = [str(bare), "-c", start, "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "bare", "language": "python"}))

    def execute(name: str) -> None:
        run(
            sys.executable,
            *("-c", "from nbclient.cli import main; main()", site / f"examples/{name}.ipynb"),
            *("--kernel_name=bare", f"--output={tmp_path / name}"),
            cwd=tmp_path,
            JUPYTER_PATH=str(tmp_path),
            IPYTHONDIR=str(tmp_path / "ipython"),
        )

    names = ["stress", "margin"]
    for name in names:
        execute(name)
        published, executed = (
            [printed(cell) for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]  # type: ignore[no-untyped-call]
            for file in (site / f"examples/{name}.ipynb", tmp_path / f"{name}.ipynb")
        )
        assert published == executed, name
        assert [text.rstrip() for text in published] == [text.rstrip() for text in shown(site, name)], name


def test_the_copy_buttons_give_the_script(site: Path, address: str, browser: Browser) -> None:
    """Every button of a worked example, one after the other: together they are the script, links in the code or not.

    The first is clicked as a reader would, who has to see it.
    """
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    for name in articles(site):
        page.goto(f"{address}insights/{name}/")
        copied = []
        for cell in nbformat.read(site / f"examples/{name}.ipynb", as_version=4).cells[1:]:  # type: ignore[no-untyped-call]
            button = page.locator(f"#{cell.id} > .highlight button")
            button.evaluate("it => it.click()") if copied else button.click()
            expect(button).to_have_attribute("title", "Copied")
            copied.append(page.evaluate("navigator.clipboard.readText()").strip())
            assert copied[-1] == cell.source
        script = (site / f"examples/{name}.py").read_text()
        assert script.endswith("\n\n".join(["", *copied]) + "\n"), name
    context.close()
