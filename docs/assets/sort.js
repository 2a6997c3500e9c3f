// A heading of a table of thresholds sorts its rows: numbers as numbers, and the other way round the second time.
for (const table of document.querySelectorAll(".pn-sorted")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells]
  heads.forEach((head, column) => {
    const button = document.createElement("button")
    button.append(...head.childNodes)
    head.append(button)
    button.addEventListener("click", () => {
      const up = head.ariaSort !== "ascending", text = row => row.cells[column].textContent
      for (const other of heads) other.ariaSort = null
      head.ariaSort = up ? "ascending" : "descending"
      const order = new Intl.Collator("en", { numeric: true, ignorePunctuation: true }).compare
      body.append(...[...body.rows].sort((a, b) => (up ? 1 : -1) * order(text(a), text(b))))
    })
  })
}
