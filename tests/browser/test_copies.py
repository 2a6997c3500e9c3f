"""What a reader takes from the built site runs where it lands, and prints what the page shows."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Page, expect

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


def notebook(file: Path) -> list[Any]:
    cells: list[Any] = nbformat.read(file, as_version=4).cells  # type: ignore[no-untyped-call]  # has no types
    return cells


def test_every_page_has_its_script_and_notebook_beside_it(site: Path) -> None:
    """At an address that follows from the page's own, linked under the example."""
    for name in articles(site):
        page = (site / f"insights/{name}/index.html").read_text()
        for kind in ("py", "ipynb"):
            assert (site / f"examples/{name}.{kind}").is_file()
            assert page.count(f'href="../../examples/{name}.{kind}"') == 1
        assert "How to cite:" in page


def test_script_and_notebook_are_one_example_and_print_what_the_page_shows(site: Path) -> None:
    """The script is the notebook's cells one after the other; what each prints is on the page."""
    for name in articles(site):
        cells = [cell for cell in notebook(site / f"examples/{name}.ipynb") if cell.cell_type == "code"]
        script = (site / f"examples/{name}.py").read_text()
        assert script.endswith("\n\n".join(["", *(cell.source for cell in cells)]) + "\n"), name
        assert [printed(cell).rstrip() for cell in cells] == [text.rstrip() for text in shown(site, name)], name
        assert any(map(printed, cells)), name


_CELLS = """
import contextlib, io, json, sys, types, warnings
from pathlib import Path
warnings.simplefilter("error")
for file in map(Path, sys.argv[1:]):
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    for cell in json.loads(file.read_text())["cells"]:
        if cell["cell_type"] == "code":
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                exec(compile("".join(cell["source"]), str(file), "exec"), main.__dict__)
            said = "".join("".join(out["text"]) for out in cell["outputs"])
            assert shown.getvalue() == said, (file, shown.getvalue(), said)
    print(file.stem)
"""


def test_every_cell_runs_with_numpy_alone_and_prints_what_it_says(site: Path, bare: Path, tmp_path: Path) -> None:
    """From the built site, with the built wheel; nothing else can be imported there."""
    installed = run(
        bare, "-c", "from importlib.metadata import distributions as d; print(*{x.name for x in d()})", cwd=tmp_path
    )
    assert sorted(installed.split()) == ["numpy", "perpnotes"]
    files = [site / f"examples/{name}.ipynb" for name in articles(site)]
    ran = run(bare, "-c", _CELLS, *files, cwd=tmp_path)
    assert ran.split() == [file.stem for file in files]


def test_a_script_runs_as_it_stands(site: Path, bare: Path, tmp_path: Path) -> None:
    """Two of them: the others are the cells that run above."""
    for name in ("stress", "margin"):
        ran = run(bare, "-W", "error", site / f"examples/{name}.py", cwd=tmp_path)
        assert ran.split() == " ".join(shown(site, name)).split(), name


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
            [printed(cell) for cell in notebook(file) if cell.cell_type == "code"]
            for file in (site / f"examples/{name}.ipynb", tmp_path / f"{name}.ipynb")
        )
        assert published == executed, name


_HERE = """async address => {
  const text = await (await fetch(address)).text(), page = new DOMParser().parseFromString(text, "text/html")
  document.querySelector("article").replaceWith(page.querySelector("article"))
}"""


def test_the_copy_buttons_give_the_script(site: Path, address: str, page: Page) -> None:
    """Every button of a worked example, links in the code or not: what it copies is the cell.

    The first is clicked as a reader would, who has to see it; the articles come into one page, because all have the
    same script.
    """
    page.goto(f"{address}insights/stress/")
    for name in articles(site):
        page.evaluate(_HERE, f"{address}insights/{name}/")
        for place, cell in enumerate(notebook(site / f"examples/{name}.ipynb")[1:]):
            button = page.locator(f"#{cell.id} > .highlight button")
            button.evaluate("it => it.click()") if place else button.click()
            expect(button).to_have_attribute("title", "Copied")
            assert page.evaluate("navigator.clipboard.readText()").strip() == cell.source
