// What a page can do beyond being read. Without this script every text, figure, table and native tooltip is there.

for (const figure of document.querySelectorAll(".pn-figure")) {
  const plot = figure.querySelector(".pn-plot")
  const once = (target, signs, begin) => {
    const go = event => {
      for (const sign of signs) target.removeEventListener(sign, go)
      begin(event)
    }
    for (const sign of signs) target.addEventListener(sign, go)
  }

  // Marks: what tells their values comes with the first touch of the plot, which is one tab stop.
  if (plot.querySelector(".m")) {
    plot.tabIndex = 0
    plot.setAttribute("role", "application")
    plot.setAttribute("aria-roledescription", "chart")
    once(plot, ["pointerover", "focus"], event => pnTool("marks").then(() => pnMarks(figure, event)))
  }

  // Controls: what moves the picture, and its numbers with it.
  if (figure.querySelector("input[type=range]")) once(figure, ["pointerover", "focusin"], async () => {
    await Promise.all([pnTool("explore"), pnLoad(new URL(`${figure.id}.js`, location.href).href)])
    pnExplore(figure, pnSteps[figure.id])
  })

  // Data: the table as a file.
  const button = document.createElement("button")
  button.className = "pn-csv"
  button.textContent = "Download as CSV"
  button.addEventListener("click", () => pnTool("marks").then(() => pnTake(figure)))
  figure.querySelector(".pn-data > summary")?.after(button) // a figure that another page quotes leaves its data at home
}

// Figures are drawn when the reader comes near, and all of them, one after the other, once the page stands: somebody may
// want the whole page at once, as a picture or an archive.
const plots = [...document.querySelectorAll(".pn-plot")]
const draw = () => {
  if (!plots.length) return
  plots.shift().style.contentVisibility = "visible"
  pnLater(draw)
}
addEventListener("load", () => pnLater(draw))

globalThis.pnNumbers = {}
globalThis.pnSteps = {}
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
