"""What stands beside the code and agrees with it: citation, changelog, labels, and how the site is published."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

import perpnotes

ROOT = Path(__file__).parents[1]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# As the workflow language writes it: whatever repository the run belongs to.
REPOSITORY = "${{ github.server_url }}/${{ github.repository }}"


def test_citation_changelog_and_library_name_one_version() -> None:
    """The newest numbered section of the changelog is the library's version, and its day the citation's."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert sections[0] == "Unreleased"
    assert re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", sections[1])
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert sections[1].split(" - ") == [perpnotes.__version__, citation["date-released"]]
    assert citation["version"] == perpnotes.__version__
    kinds = re.findall(r"^### (.+)$", changelog, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_citation_has_what_its_format_requires() -> None:
    """The four required keys of CFF 1.2.0, and no key that it does not know; license and keywords are the package's."""
    citation: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert all(isinstance(citation[key], str) and citation[key] for key in ("message", "title"))
    assert citation["authors"] == [{"name": "The perpnotes authors"}]
    known = {"cff-version", "message", "title", "authors", "type", "abstract", "version", "date-released", "license"}
    assert set(citation) - known <= {"keywords", "url", "repository-code"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["license"], citation["keywords"]) == (project["license"], project["keywords"])


def test_every_label_of_a_form_is_created_by_a_line_of_the_guide() -> None:
    """A form whose label does not exist opens an issue without it."""
    asked = {label for form in FORMS for label in yaml.safe_load(form.read_text(encoding="utf-8")).get("labels", [])}
    guide = (ROOT / "docs/contributing/deploying.md").read_text(encoding="utf-8")
    line = r'^\$ gh label create (\S+) --description "[^"]{1,100}" --color [0-9A-F]{6}$'
    made = re.findall(line, guide, re.MULTILINE)
    assert sorted(made) == sorted(asked) == ["article", "error"]


def test_a_workflow_that_builds_the_site_says_where_its_repository_is() -> None:
    """Or no page links its source, tests and ledger."""
    said = {}
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job.get("steps", []):
                if re.search(r"\bmake site\b", step.get("run", "")):
                    said[path.stem] = {**job.get("env", {}), **step.get("env", {})}.get("REPO_URL")
    assert said == dict.fromkeys(["ci", "links", "pages", "preview"], REPOSITORY)
