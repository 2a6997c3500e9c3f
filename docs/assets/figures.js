// What a page can do beyond being read. Without this script every text, figure, table and native tooltip is there.

for (const figure of document.querySelectorAll(".pn-figure")) {
  const plot = figure.querySelector(".pn-plot"), readout = figure.querySelector(".pn-readout")
  const parts = [...plot.querySelectorAll("svg :not(g)"), ...figure.querySelectorAll("td")]
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
      if (text !== readout.textContent) readout.textContent = text
      if (at < 0) return
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
    plot.addEventListener("pointerleave", event => { if (event.pointerType === "mouse" && document.activeElement !== plot) show(-1) })
    plot.addEventListener("focus", () => { if (at < 0) show(0) })
    plot.addEventListener("blur", () => show(-1))
    plot.addEventListener("keydown", event => {
      const step = steps[event.key]
      if (event.key === "Escape") show(-1)
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

  // Frames: where the slider stands, every part that differs gets what explore.py stored for it.
  const slider = figure.querySelector("input[type=range]")
  if (slider) {
    const frames = JSON.parse(figure.querySelector("script").textContent)
    const first = frames.at.map(([part, name]) => (name ? parts[part].getAttribute(name) : parts[part].textContent) ?? "")
    const move = () => {
      const now = Number(slider.value)
      frames.at.forEach(([part, name, head, tail, list], i) => {
        const text = first[i].slice(0, head) + frames.of[list][now] + first[i].slice(first[i].length - tail)
        if (name) parts[part].setAttribute(name, text)
        else parts[part].textContent = text
      })
      show(-1)
      slider.ariaValueText = figure.querySelector(".pn-slider output").textContent = frames.label[now]
      figure.querySelector(".pn-said").textContent = frames.say[now]
      plot.setAttribute("aria-label", frames.alt[now])
    }
    slider.addEventListener("input", move)
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
  figure.querySelector(".pn-data > summary").after(button)
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

// Computed numbers in the text: a click, a tap or Enter shows the expression, and each name in it leads to the code that
// bound it. One tab stop in a section, arrow keys from there: a page has a hundred of them.
if ("popover" in HTMLElement.prototype) {
  const values = []
  let section = []
  const focus = value => {
    for (const other of value.section) other.tabIndex = other === value ? 0 : -1
    value.focus()
  }
  for (const element of document.querySelectorAll("article h2, data.calc")) {
    if (element.matches("h2")) section = []
    else if (!element.closest("a")) {
      element.expression = element.title
      element.section = section
      element.tabIndex = section.length ? -1 : 0
      element.role = "button"
      element.ariaExpanded = "false"
      section.push(element)
      values.push(element)
    }
  }
  const open = value => {
    const box = document.createElement("span")
    box.className = "pn-from"
    box.popover = "auto"
    const code = document.createElement("code")
    const homes = Object.fromEntries((value.dataset.from ?? "").split(" ").map(pair => pair.split("=")))
    for (const part of value.expression.split(/((?<![\w.'"])[A-Za-z_]\w*)/)) {
      if (!homes[part]) code.append(part)
      else {
        const link = document.createElement("a")
        link.href = `#${homes[part]}`
        link.textContent = part
        link.addEventListener("click", () => {
          box.hidePopover()
          const block = document.getElementById(homes[part])
          for (const fold of block.querySelectorAll("details.pn-code")) fold.open = true
          for (const hit of document.querySelectorAll(".pn-hit")) {
            const around = hit.parentNode
            hit.replaceWith(hit.textContent)
            around.normalize()
          }
          // The first place where the code says it. In the finished site a plain name has no element of its own.
          const named = new RegExp(`(?<![\\w.])${part}(?!\\w)`)
          const text = document.createTreeWalker(block, NodeFilter.SHOW_TEXT, text =>
            text.parentElement.matches(".highlight :is(code, a, .n)") && named.test(text.data) ? 1 : 3).nextNode()
          if (!text) return
          const place = new Range(), name = document.createElement("span")
          name.className = "pn-hit"
          place.setStart(text, text.data.search(named))
          place.setEnd(text, place.startOffset + part.length)
          place.surroundContents(name)
          setTimeout(() => name.scrollIntoView({ block: "center" }))
        })
        code.append(link)
      }
    }
    const note = document.createElement("small")
    note.textContent = value.dataset.from ? "Each link leads to the code that computed it." : "Computed while this page was built."
    box.append(code)
    const { kind, about, span } = value.dataset
    if (kind) { // what it means, as the label of a tile says it, and the figure or the data that it names
      const said = document.createElement("small"), there = kind === "measured" ? `record-${about}` : about
      const means = document.querySelector(`.pn-kind[href$="#${kind}"]`)?.title ?? ""
      said.textContent = `${kind[0].toUpperCase() + kind.slice(1)}${span ? `, ${span}` : ""}. ${means} `
      if (document.getElementById(there)) {
        const link = document.createElement("a")
        link.href = `#${there}`
        link.textContent = "See it."
        link.addEventListener("click", () => box.hidePopover())
        said.append(link)
      }
      box.append(said)
    }
    box.append(note)
    value.after(box)
    const leave = event => { if (!box.contains(event.relatedTarget) && event.relatedTarget !== value) box.hidePopover() }
    box.addEventListener("focusout", leave)
    value.addEventListener("focusout", leave)
    box.addEventListener("toggle", event => {
      value.ariaExpanded = String(event.newState === "open")
      if (event.newState === "open") return
      value.removeEventListener("focusout", leave)
      box.remove()
    })
    box.showPopover()
    value.ariaExpanded = "true" // the event comes later
    const at = value.getBoundingClientRect(), room = document.documentElement.clientWidth - box.offsetWidth - 8
    box.style.left = `${Math.max(8, Math.min(at.left, room)) + scrollX}px`
    box.style.top = `${at.bottom + scrollY + 4}px`
  }
  for (const value of values) {
    value.addEventListener("click", () => { if (value.ariaExpanded === "false") open(value) })
    value.addEventListener("keydown", event => {
      const next = values[values.indexOf(value) + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? NaN)]
      if (event.key === "Enter" || event.key === " ") value.click()
      else if (next) focus(next)
      else return
      event.preventDefault()
    })
  }
}
