"""The verification page: each published number beside ours, source by source, computed while the page is built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

import numpy as np
from markdown.extensions.toc import slugify

from perpnotes.publish.compute.outputs import Output, show
from perpnotes.publish.compute.units import MINUS
from perpnotes.publish.evidence import published
from perpnotes.publish.evidence.published import Example, Group, Row
from perpnotes.publish.show.tables import Columns, scroll, table

_DOCUMENT = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<commit>[0-9a-f]{7,40}))?:(?P<path>\S+)(?P<rest>.*)")
_ISSUE = re.compile(r"\b([\w.-]+/[\w.-]+)#(\d+)")
_PAGE = re.compile(r"(?<![\w/.])(?:[a-z\d-]+\.)+[a-z]{2,}/[\w/-]+")
_GATHERED = {"Deleveraging of venues", "Other worked examples"}  # several sources each
_NAME = re.compile(r"\b([a-z]+)\.(\w+)")
_SIDES = {1.0: "long", -1.0: "short"}


class Verification:
    """Every group of published examples, and every number of theirs computed.

    No dataclass: `replace` would let an article have expressions of its own evaluated.

    Parameters:
        groups: in the order of the files.
        rows: one for each published number of a group that does not wait for a model.
    """

    def __init__(self, groups: tuple[Group, ...], rows: tuple[Row, ...]) -> None:
        self.groups, self.rows = groups, rows

    @property
    def collected(self) -> int:
        """Examples that agree with their own formula, whether we compute them or not."""
        return sum(len(group.sound) for group in self.groups)

    @property
    def reproduced(self) -> int:
        """Examples of which every number agrees."""
        return self.collected - self.waiting - self.differing

    @property
    def differing(self) -> int:
        """Examples of which some number does not agree."""
        return self._examples("differs")

    @property
    def contradicting(self) -> int:
        """Examples that contradict their own formula."""
        return self._examples("contradicts itself")

    @property
    def waiting(self) -> int:
        """Examples of which we compute nothing yet."""
        return sum(len(group.examples) for group in self.groups if group.pending)

    @property
    def numbers(self) -> int:
        """Published numbers that agree."""
        return sum(row.status == "reproduced" for row in self.rows)

    @property
    def sources(self) -> int:
        """Who published the examples that are reproduced, without those that are gathered from many."""
        return len({row.group.source for row in self.rows if row.status == "reproduced"} - _GATHERED)

    @property
    def inferred(self) -> int:
        """Examples with an input that the source does not print."""
        return len({row.example.id for row in self.rows if row.example.inferred})

    def _examples(self, status: str) -> int:
        return len({row.example.id for row in self.rows if row.status == status})

    def summary(self, by: str, *, caption: str, id: str) -> None:
        """Show how many examples there are and how many agree.

        Parameters:
            by: `"kind"` or `"source"`.
            caption: of the table.
            id: of the table.

        Raises:
            ValueError: another `by`.
        """
        if by not in ("kind", "source"):
            raise ValueError(f"by must be kind or source, got {by!r}")
        lines = []
        names = {getattr(group, by) for group in self.groups}
        for name in sorted(names, key=str.casefold):
            mine = Verification(
                tuple(group for group in self.groups if getattr(group, by) == name),
                tuple(row for row in self.rows if getattr(row.group, by) == name),
            )
            sound = [row for row in mine.rows if row.example.within and not row.example.contradicts]
            shares = [abs(row.difference) / row.example.within for row in sound]
            lines.append(
                {
                    "name": _first_up(name) if by == "kind" else name,
                    "collected": mine.collected + mine.contradicting,
                    "reproduced": mine.reproduced,
                    "contradicting": mine.contradicting,
                    "closest": max(shares, default=np.inf),
                }
            )
        columns: Columns = {
            "name": (by.capitalize(), "text"),
            "collected": ("Examples", "count"),
            "reproduced": ("Agree", "count"),
            "contradicting": ("Contradict", "count"),
            "closest": ("Tolerance used", "pct.0", "–"),
        }
        table(lines, columns=columns, caption=caption, id=id)

    def sections(self) -> None:
        """Show every computed example, a section for each source."""
        for source in dict.fromkeys(group.source for group in self.groups):
            mine = [g for g in self.groups if g.source == source and g.sound and not g.pending]
            if not mine:
                continue
            parts = [self._block(group) for group in mine]
            rows = [row for row in self.rows if row.group in mine and not row.example.contradicts]
            text = "\n".join(f"{r.example.id} {r.quantity}: {r.published} {r.computed}" for r in rows)
            content = "\n\n".join([f"### {source}", *parts])
            show(Output("table", content, "markdown", f"{source}\n{text}"))

    def contradictions(self) -> None:
        """Show what a source printed beside what its own formula gives."""
        parts, text = [], []
        for _, alike in groupby((row for row in self.rows if row.example.contradicts), lambda row: row.example.id):
            rows = list(alike)
            group, example = rows[0].group, rows[0].example
            said = [
                f"{f'{escape(row.quantity)}: ' if len(rows) > 1 else ''}{number(row.published)} is printed; "
                f"its own formula gives <strong>{number(row.computed, _digits(row) + 2)}</strong>."
                for row in rows
            ]
            parts.append(
                f'<section class="pn-published" id="{example.id.replace("_", "-")}">'
                f"<h3>{escape(group.source)}: {escape(group.kind)}</h3>"
                f"<p>{' '.join(map(_first_up, said))} {escape(_sentence(example.contradicts))}</p>"
                f'<p class="pn-source">{_where(group.document, example.where)}</p>{_call(group)}'
                f'<p class="pn-source">With {_listed(example.given)}.</p></section>'
            )
            text += [f"{example.id}: {row.published} {row.computed}" for row in rows]
        show(Output("table", "\n".join(parts), "html", "\n".join(text)))

    def missing(self) -> None:
        """Show what is not computed, or not reproduced, and why; a sentence where there is nothing."""
        lines = [
            f"- {group.source}, {group.kind}: {len(group.examples)} "
            f"example{'s'[: len(group.examples) != 1]}. {_sentence(group.pending)}"
            for group in self.groups
            if group.pending
        ]
        lines += [
            f"- {row.group.source}, `{row.example.id}`: {number(row.published)} is printed, we get "
            f"{number(row.computed)}. {_sentence(row.example.note)}"
            for row in self.rows
            if row.status == "differs"
        ]
        content = "\n".join(lines) or (
            f"Nothing else: of {self.collected + self.contradicting} collected examples, {self.reproduced} agree, and "
            f"{self.contradicting} contradict themselves."
        )
        show(Output("table", content, "markdown", content))

    def download(self) -> None:
        """Show the link to the table of everything."""
        link = '<p><a href="../examples/published.csv" download>All of it as a table (CSV)</a></p>'
        show(Output("table", link, "html", "published.csv"))

    def _block(self, group: Group) -> str:
        """One group: what, the call, and the examples one click away."""
        rows = [row for row in self.rows if row.group is group and not row.example.contradicts]
        named = any(row.quantity for row in rows)
        heads = [*(["Quantity"] if named else []), "Printed", "Computed", "Difference", "Allowed"]
        head = "".join(f'<th scope="col"{"" if h == "Quantity" else _RIGHT}>{h}</th>' for h in heads)
        body = []
        for example in group.sound:
            mine = [row for row in rows if row.example is example]
            remarks = (_unprinted(example), example.note, _minus(published.remark(group, example)))
            remark = "".join(f" <em>{escape(_sentence(text))}</em>" for text in remarks if text)
            label = f"<b>{escape(example.id)}</b> {_inputs(group, example)}{remark}"
            cells = []
            for row in mine:
                quantity = f"<td>{escape(row.quantity)}</td>" if named else ""
                ask = f' data-trace="p.{self.rows.index(row)}"'
                pairs = zip((ask, ask, "", ""), _numbers(row), strict=True)
                numbers = "".join(f"<td{_RIGHT}{asks}>{text}</td>" for asks, text in pairs)
                cells.append(f"<tr>{quantity}{numbers}</tr>")
            body.append(
                f'<tbody><tr><th scope="rowgroup" colspan="{len(heads)}">{label}</th></tr>{"".join(cells)}</tbody>'
            )
        good = sum(all(row.agrees for row in rows if row.example is example) for example in group.sound)
        count = f"{good} of {len(group.sound)}" if good < len(group.sound) else str(good)
        title = f"{count} example{'s'[: len(group.sound) != 1]} reproduced"
        inner = scroll(
            f'<table class="pn-rows pn-examples"><thead><tr>{head}</tr></thead>{"".join(body)}</table>',
            f"{group.source}: {group.kind}",
        )
        shared = f'<p class="pn-source">All with {_listed(group.given)}.</p>' if group.given else ""
        place = group.examples[0].where if _one_place(group) else ""
        rule = f'<p class="pn-source">{escape(_sentence(group.rule))}</p>' if group.rule else ""
        return (
            f'<section class="pn-published" id="{anchor(group, self.groups)}">'
            f"<h4>{escape(_first_up(group.kind))}</h4>"
            f'{rule}<p class="pn-source">{_where(group.document, place)}</p>{_call(group)}'
            f'<details class="pn-data"><summary>{title}</summary>{shared}{inner}</details></section>'
        )


_RIGHT = ' class="pn-n"'


def verify() -> Verification:
    """Compute every published example, now."""
    found = published.groups()
    return Verification(found, published.rows(found))


def anchor(group: Group, among: Sequence[Group]) -> str:
    """The id of a group on the verification page.

    Parameters:
        group: one of `among`.
        among: from `published.groups`.
    """
    alike = [g for g in among if (g.source, g.kind) == (group.source, group.kind) and g.sound and not g.pending]
    name: str = slugify(f"{group.source} {group.kind}", "-")
    place = next((i for i, g in enumerate(alike) if g is group), 0)
    return f"{name}-{place + 1}" if place else name


def told(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What is told of each published number; its inputs stand above it on the page.

    Parameters:
        rows: of `published.rows`.

    Returns:
        `numbers` and `functions`, as `trace.traces` has them.
    """
    numbers: list[dict[str, Any]] = []
    functions: dict[str, str] = {}
    for row in rows:
        group = row.group
        call = group.call[row.quantity]
        names = [name for name in group.functions if f"{name}(" in call or f"{name}." in call] or list(group.functions)
        function = {"name": names[-1] if names else "", "in": []}
        numbers.append({"x": [" ".join(call.split())], "v": repr(row.computed), "f": function})
        functions |= dict.fromkeys(names[-1:], "")
    return numbers, functions


def number(value: float, digits: int = 12) -> str:
    """A number with thousands separators and a true minus sign; whole numbers in full.

    Parameters:
        value: finite.
        digits: significant digits of what is not whole.
    """
    whole = value == int(value) and abs(value) < 2**63
    return _minus(f"{int(value):,}" if whole else f"{value:,.{digits}g}")


def _numbers(row: Row) -> tuple[str, ...]:
    """Printed, computed, difference and what is allowed; of the computed a little more than was printed."""
    return (
        number(row.published, min(_digits(row), 15)),
        number(row.computed, min(max(_digits(row) + 2, 8), 12)),
        *(
            _minus(re.sub(r"e\+?(-?)0*", r"e\1", f"{x:.1e}")) if x else "0"
            for x in (row.difference, row.example.within)
        ),
    )


def _digits(row: Row) -> int:
    """How many digits are printed."""
    return max(1, len(re.sub(r"e.*|\D", "", repr(row.published)).strip("0")))


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _call(group: Group) -> str:
    """The call as a reader would write it, its names linked to their reference."""
    lines = [*(f"{name} = {text}" for name, text in group.let.items())]
    lines += [
        text if name in ("", text) else f"{name} = {text}" if name.isidentifier() else f"{text}  # {name}"
        for name, text in group.call.items()
    ]
    shown = (escape(re.sub(r"\s+", " ", line).replace(" # ", "  # "), quote=False) for line in lines)
    code = "\n".join(f"<span>{line}</span>" for line in shown)
    names = set(group.functions)

    def link(found: re.Match[str]) -> str:
        target = f'<autoref identifier="perpnotes.{found[0]}" optional>{found[0]}</autoref>'
        return target if found[0] in names else found[0]

    return f'<pre class="pn-call"><code>{_NAME.sub(link, code)}</code></pre>'


def _inputs(group: Group, example: Example) -> str:
    own = {name: value for name, value in example.given.items() if name not in group.given}
    where = "" if _one_place(group) or not example.where else f"{escape(example.where)}: "
    return where + _listed(own)


def _one_place(group: Group) -> bool:
    return len({example.where for example in group.examples}) == 1


def _listed(given: Any) -> str:
    return escape(", ".join(f"{name} {_plain(name, value)}" for name, value in given.items()), quote=False)


def _plain(name: str, value: Any) -> str:
    if name == "side":
        return _SIDES[float(value)]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} {_plain(key, item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.ndarray | list):
        return "[" + ", ".join(_plain("", item) for item in value) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else str(value)


def _where(document: str, where: str) -> str:
    """Where it stands, with a link where the document is a file, an issue or has an address in it."""
    place = f", <i>{escape(where)}</i>" if where else ""
    if not (found := _DOCUMENT.fullmatch(document)):
        said = escape(document, quote=False)
        said = _PAGE.sub(r'<a href="https://\g<0>">\g<0></a>', said)
        said = _ISSUE.sub(r'<a href="https://github.com/\1/issues/\2">\g<0></a>', said)
        return f"Source: {said}{place}."
    url, name = f"https://github.com/{found['repo']}", found["repo"].partition("/")[2]
    if found["commit"]:
        url, name = f"{url}/blob/{found['commit']}/{found['path']}", f"{name} at {found['commit'][:7]}"
    text = f"{name}, {found['path'].rpartition('/')[2]}"
    return f'Source: <a href="{url}">{escape(text)}</a>{escape(found["rest"])}{place}.'


def _unprinted(example: Example) -> str:
    names = [item for item in example.inferred if " " not in item]
    return f"not printed: {', '.join(names)}" if names else " ".join(example.inferred)


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return _first_up(text).removesuffix(".") + "." if text else ""
