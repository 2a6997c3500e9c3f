// A heading of a table of thresholds sorts its rows: numbers by their value, and the other way round the second time.
for (const table of document.querySelectorAll("table.pn-sorted")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells]
  const number = text => parseFloat(text.replace("−", "-").replace(/[^\d.e-]/g, ""))
  const collator = new Intl.Collator("en", { numeric: true })
  for (const row of body.rows) for (const cell of row.cells) cell.dataset.row = row.sectionRowIndex // of which a number is asked
  heads.forEach((head, column) => {
    const click = () => {
      const up = head.ariaSort !== "ascending", text = row => row.cells[column].textContent
      for (const other of heads) other.ariaSort = null
      head.ariaSort = up ? "ascending" : "descending"
      const order = (a, b) => number(a) - number(b) || collator.compare(a, b)
      body.append(...[...body.rows].sort((a, b) => (up ? 1 : -1) * order(text(a), text(b))))
    }
    head.append(pnMake("button", { click }, ...head.childNodes))
  })
}
