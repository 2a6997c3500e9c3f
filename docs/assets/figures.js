// What a page can do beyond being read. Without this script every text, figure, table and native tooltip is there.

for (const figure of document.querySelectorAll(".pn-figure")) {
  const plot = figure.querySelector(".pn-plot"), readout = figure.querySelector(".pn-readout")
  const marks = [...plot.querySelectorAll(".m")], titles = marks.map(mark => mark.querySelector("title"))
  let show = () => {}

  // Marks: the value of the one nearest to the pointer, or of the one that the arrow keys reach.
  if (marks.length) {
    for (const title of titles) title.remove() // or two labels at once
    const centers = () => marks.map(mark => {
      const box = mark.getBoundingClientRect()
      return [box.x + box.width / 2, box.y + box.height / 2]
    })
    let at = -1, ring
    show = next => {
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
        const row = figure.querySelectorAll("tbody tr")[readout.dataset.row], claim = heads.indexOf("Claim")
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
    plot.tabIndex = 0
    plot.setAttribute("role", "application")
    plot.setAttribute("aria-roledescription", "chart")
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
  }

  // Controls: what moves the picture comes with the first touch, and its numbers with it.
  if (figure.querySelector("input[type=range]")) {
    const begin = async () => {
      for (const sign of signs) figure.removeEventListener(sign, begin)
      await Promise.all([pnTool("explore"), pnLoad(new URL(`${figure.id}.js`, location.href).href)])
      pnExplore(figure, pnSteps[figure.id])
    }
    const signs = ["pointerover", "focusin"]
    for (const sign of signs) figure.addEventListener(sign, begin)
  }

  // Data: the table as a file, the unit of a column in its header, so that its cells are numbers.
  const button = document.createElement("button")
  button.className = "pn-csv"
  button.textContent = "Download as CSV"
  button.addEventListener("click", () => {
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
  })
  figure.querySelector(".pn-data > summary")?.after(button) // a figure that another page quotes leaves its data at home
}

// Figures are drawn when the reader comes near, and all of them, one after the other, once the page stands: somebody may
// want the whole page at once, as a picture or an archive.
const later = window.requestIdleCallback ?? (go => setTimeout(go, 50)), plots = [...document.querySelectorAll(".pn-plot")]
const draw = () => {
  if (!plots.length) return
  plots.shift().style.contentVisibility = "visible"
  later(draw)
}
addEventListener("load", () => later(draw))

// What comes only when it is needed.
globalThis.pnRoot = new URL("..", document.currentScript.src).href
globalThis.pnNumbers = {}
globalThis.pnSteps = {}
const loaded = {}
globalThis.pnLoad = address => loaded[address] ??= new Promise((done, failed) => {
  const script = document.createElement("script")
  script.src = address
  script.onload = done
  script.onerror = failed
  document.head.append(script)
})
globalThis.pnTool = name => pnLoad(`${pnRoot}assets/${name}.js`)

// Any computed number can be asked where it comes from: a click, a tap or Enter. What answers is loaded with the first
// question. One tab stop in a section and one in a table, arrow keys from there: a page has a hundred of them.
if ("popover" in HTMLElement.prototype) {
  const ask = async element => {
    const [name, idea] = element.dataset.trace.split(":").reverse()
    const own = idea && !location.pathname.includes(`/insights/${idea}/`) ? `${pnRoot}insights/${idea}/` : ""
    try {
      await Promise.all([pnTool("trace"), pnLoad(new URL("numbers.js", own || location.href).href)])
    } catch { return }
    pnCard(element, name, pnNumbers[new URL(".", own || location.href).pathname], own)
  }
  globalThis.pnAsk = ask

  for (const table of document.querySelectorAll("table[data-trace]")) { // which cells: written once for all of them
    for (const cell of table.querySelectorAll("tbody :is(th, td)")) {
      if (/\d/.test(cell.textContent) && (cell.cellIndex || !table.closest(".pn-figure"))) cell.dataset.trace = `${table.dataset.trace}.${cell.cellIndex}`
    }
    table.removeAttribute("data-trace")
  }
  const stops = new Map() // a number to the others among which the arrow keys move
  const button = element => {
    element.role = "button"
    element.ariaHasPopup = "dialog"
    element.tabIndex = -1
    return element
  }
  const cell = td => { // a button in the cell: the cell stays one
    if (td.firstElementChild?.role) return td.firstElementChild
    const inside = document.createElement("span")
    inside.append(...td.childNodes)
    td.append(inside)
    return button(inside)
  }
  let section = []
  for (const element of document.querySelectorAll("article h2, data.calc[data-trace], table:has([data-trace])")) {
    if (element.matches("h2")) section = []
    else if (element.matches("table")) cell(element.querySelector("[data-trace]")).tabIndex = 0
    else if (element.closest("a")) element.closest("a").ariaHasPopup = "dialog"
    else {
      button(element).tabIndex = section.length ? -1 : 0
      section.push(element)
      stops.set(element, section)
    }
  }
  const numberAt = event => {
    const hit = event.target.closest?.("[data-trace]")
    if (hit || event.target.closest?.("a, button, summary, input, label, textarea, .pn-trace")) return hit
    // A finger is wider than a number: the nearest within 22 px.
    if (event.pointerType !== "touch") return
    let found, least = 22
    for (const element of document.querySelectorAll("[data-trace]")) {
      for (const box of element.getClientRects()) {
        const away = Math.max(box.left - event.clientX, event.clientX - box.right, box.top - event.clientY, event.clientY - box.bottom)
        if (away < least) [found, least] = [element, away]
      }
    }
    return found
  }
  document.addEventListener("click", event => {
    const button = event.target.closest?.("[data-run]")
    if (button) return pnTool("run").then(() => pnRun(button))
    const number = numberAt(event)
    if (!number || event.ctrlKey || event.metaKey || event.shiftKey || getSelection().toString()) return
    event.preventDefault()
    if (number.matches("td, th")) cell(number).focus()
    else (number.closest("a") ?? number).focus()
    ask(number)
  })
  document.addEventListener("keydown", event => {
    const at = event.target, td = at.parentElement?.closest?.("td[data-trace], th[data-trace]")
    if (at.role !== "button" || !(stops.has(at) || td)) return
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === "Enter" || event.key === " ") at.click()
    else if (step && td) {
      const across = event.key === "ArrowRight" || event.key === "ArrowLeft", rows = [...td.closest("tbody").rows]
      let { cellIndex: x } = td, y = rows.indexOf(td.parentElement), next
      do {
        if (across) x += step
        else y += step
        next = rows[y]?.cells[x]
      } while (next && !next.dataset.trace)
      if (!next) return
      at.tabIndex = -1
      cell(next).tabIndex = 0
      cell(next).focus()
    } else if (step && stops.has(at)) {
      const all = [...stops.keys()], next = all[all.indexOf(at) + step]
      if (!next) return
      for (const other of stops.get(next)) other.tabIndex = other === next ? 0 : -1
      next.focus()
    } else return
    event.preventDefault()
  })
}
