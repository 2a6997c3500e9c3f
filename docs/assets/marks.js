// What a figure answers: loaded with the first touch, by `figures.js`. Until then each mark has its native tooltip.

// The value of the mark that is nearest to the pointer, or of the one that the arrow keys reach.
globalThis.pnMarks = (figure, first) => {
  const plot = figure.querySelector(".pn-plot"), readout = figure.querySelector(".pn-readout")
  const marks = [...plot.querySelectorAll(".m")], titles = marks.map(mark => mark.querySelector("title"))
  for (const title of titles) title.remove() // or two labels at once
  const centers = () => marks.map(mark => {
    const box = mark.getBoundingClientRect()
    return [box.x + box.width / 2, box.y + box.height / 2]
  })
  let at = -1, ring
  const show = next => {
    ring?.remove()
    at = next
    const text = at < 0 ? "" : titles[at].textContent
    if (text !== readout.textContent) {
      readout.textContent = text
      // Which column of the data it is, by its name, and which row.
      const heads = [...figure.querySelectorAll("thead th")].map(head => head.textContent)
      const column = heads.findIndex((head, i) => i && text.startsWith(`${head}, `))
      const rows = [...figure.querySelectorAll("tbody th")].map(head => head.textContent)
      readout.dataset.trace = `${figure.id}.${Math.max(1, column)}`
      readout.dataset.row = rows.findIndex(head => text.startsWith(`${head}:`))
      const row = figure.querySelectorAll("tbody tr")[readout.dataset.row], claim = heads.indexOf("Verdict")
      if (row && claim > 0) readout.textContent += `: ${heads.slice(claim + 1).map((head, i) => `${head} ${row.cells[claim + 1 + i].textContent}`).join(", ")}`
    }
    if (at < 0) return
    figure.mark = at
    figure.dispatchEvent(new Event("pn-mark"))
    ring = marks[at].cloneNode() // on top of its neighbors, which would cover half of its outline
    ring.setAttribute("class", "m on")
    marks[at].parentNode.append(ring)
  }
  // The mark with the smallest cost, which is undefined for those that do not count.
  const best = cost => {
    let found = -1, least = Infinity
    centers().forEach(([x, y], i) => {
      const value = cost(x, y)
      if (value < least) [found, least] = [i, value]
    })
    return found
  }
  const point = event => {
    const hit = marks.indexOf(event.target)
    const next = hit >= 0 ? hit : best((x, y) => Math.hypot(x - event.clientX, y - event.clientY))
    if (next !== at) show(next)
  }
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
  plot.addEventListener("pointermove", point)
  plot.addEventListener("pointerdown", point)
  plot.addEventListener("click", event => { if (event.pointerType === "mouse" && at >= 0) globalThis.pnAsk?.(readout) })
  plot.addEventListener("pointerleave", event => { if (event.pointerType === "mouse" && document.activeElement !== plot) show(-1) })
  plot.addEventListener("focus", () => { if (at < 0) show(0) })
  plot.addEventListener("blur", () => show(-1))
  plot.addEventListener("keydown", event => {
    const step = steps[event.key]
    if (event.key === "Escape") show(-1)
    if (event.key === "Enter" && at >= 0) globalThis.pnAsk?.(readout)
    if (!step || at < 0) return
    event.preventDefault()
    const [u, v] = centers()[at]
    const next = best((x, y) => {
      const along = (x - u) * step[0] + (y - v) * step[1], across = Math.abs((x - u) * step[1]) + Math.abs((y - v) * step[0])
      return along > 1 ? along + 3 * across : undefined
    })
    if (next >= 0) show(next)
  })
  if (document.activeElement === plot) show(0)
  else if (first.pointerType) point(first)
  if (first.pointerType === "mouse" && !plot.matches(":hover, :focus")) show(-1) // gone while this was loaded
}

// Its data as a file: the unit of a column in its header, so that its cells are numbers.
globalThis.pnTake = figure => {
  const rows = [...figure.querySelectorAll("tr")].map(row => [...row.cells].map(cell => cell.textContent.replaceAll("−", "-")))
  rows[0].forEach((head, j) => {
    const cells = rows.slice(1).map(row => /^(-?)(\D*)([\d,]+(?:\.\d+)?)(\D*)$/.exec(row[j]) ?? [])
    if (cells.some(([all, , before, , after]) => all === undefined || before !== cells[0][2] || after !== cells[0][4])) return
    const unit = (cells[0][2] + cells[0][4]).trim()
    if (unit) rows[0][j] = `${head} (${unit})`
    cells.forEach(([, sign, , number], i) => { rows[i + 1][j] = sign + number.replaceAll(",", "") })
  })
  // A text that a spreadsheet would take for a formula is marked as text; a negative number is none.
  const number = /^[+-]?[$€£]?\d[\d,.]*(e[+-]?\d+)?\s?[%×\w]*$/i
  const marked = cell => /^[=+\-@\t\r]/.test(cell) && !number.test(cell) ? `'${cell}` : cell
  const text = rows.map(row => row.map(marked).map(cell => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell).join(",") + "\r\n").join("")
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" })) // with the mark, or spreadsheets misread θ
  link.download = `${figure.id}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}
