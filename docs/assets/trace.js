// The card that answers a number: loaded when a reader first asks one, by `figures.js`, which calls pnCard.
(() => {
  const make = pnMake, look = pnLoad(`${pnRoot}assets/trace.css`).catch(() => {})
  const drawn = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    return element
  }
  const plural = (count, name) => `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`
  const signed = change => `${change < 0 ? "−" : "+"}${Math.abs(change).toLocaleString("en", { maximumSignificantDigits: 2 })}%`
  const title = text => text[0].toUpperCase() + text.slice(1)

  // What the code of the page says at a node, marked, and a way back to the number.
  const lead = (node, from, card) => {
    const block = document.getElementById(node[0])
    if (!block) return
    card.hidePopover()
    for (const fold of block.querySelectorAll("details.pn-code")) fold.open = true
    const code = block.querySelector(".highlight pre code"), range = new Range()
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT)
    let line = 0, begun = false
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      for (let i = 0; i <= text.data.length; i++) {
        if (!begun && line === node[1] && i < text.data.length) { range.setStart(text, i); begun = true }
        if (text.data[i] !== "\n") continue
        if (line === node[2]) range.setEnd(text, i)
        line++
      }
      if (begun && line <= node[2]) range.setEnd(text, text.data.length)
    }
    if (globalThis.Highlight) CSS.highlights.set("pn-hit", new Highlight(range))
    document.querySelector(".pn-back")?.remove()
    const back = make("button", { class: "pn-back", type: "button", click: () => {
      back.remove()
      CSS.highlights?.delete("pn-hit")
      for (let fold = from.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true
      from.scrollIntoView({ block: "center" })
      from.focus()
    } }, `Back to ${from.textContent.trim().slice(0, 40)}`)
    document.body.append(back)
    const at = range.getBoundingClientRect()
    scrollTo({ top: scrollY + at.top - innerHeight / 3 })
    back.focus({ preventScroll: true })
  }

  // Inputs on the left, the function in the middle, the number on the right.
  const graph = (number, data, shown, strongest) => {
    const { name, in: given } = number.f
    const rows = given.slice(0, 9), height = rows.length * 24
    const svg = drawn("svg", { height, viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" })
    rows.forEach(([label], i) => {
      const y = i * 24 + 12
      svg.append(drawn("path", { d: `M0 ${y}C60 ${y} 40 ${height / 2} 100 ${height / 2}`, class: label === strongest ? "on" : "" }))
    })
    const why = data.whys[number.w]?.at(-1)
    return make("div", { class: "pn-graph" },
      make("ul", {}, ...rows.map(([label, value]) => make("li", label === strongest ? { class: "on" } : {}, `${label.replaceAll("_", " ")} `, make("b", {}, value)))),
      svg,
      make("div", {}, make("code", {}, why?.[3].replace(/^[^=]*= /, "") ?? `${name.split(".").pop()}(…)`), make("small", {}, name)),
      make("strong", {}, shown))
  }

  // Typed numbers behind this one, the strongest first, with what a step of each does.
  const inputs = (number, data) => {
    const nodes = new Set(number.n ?? [])
    const found = data.inputs.map((each, place) => ({ label: each[0], value: each[1], node: each[2], step: each[3], move: number.m?.[place] })).filter(each => nodes.has(each.node))
    for (const [label, value] of number.own ?? []) found.push({ label, value })
    return found.sort((a, b) => Math.abs(b.move ?? 0) - Math.abs(a.move ?? 0) || (a.move === 0) - (b.move === 0))
  }

  globalThis.pnCard = async (from, name, data, home) => {
    await look
    const [id, column] = name.split("."), answer = /^a\d+$/.test(id) && data.at.answers?.[id.slice(1)]?.[column]
    let place = answer ? answer[2] : id === "p" ? data.at.p + Number(column) : data.at[name]
    if (Array.isArray(place)) place = place[from.dataset.row ?? from.closest("tr")?.sectionRowIndex] ?? place[0]
    const number = data.numbers[place] ?? { x: [from.title || "computed while this page was built"] }, shown = from.textContent.trim()
    document.querySelector(".pn-trace")?.remove()
    const card = make("dialog", { class: "pn-trace", popover: "auto", "aria-labelledby": "pn-asked", tabindex: "-1" })
    const there = home ? `${home}#` : "#", root = globalThis.pnRoot
    const part = (name, ...inside) => inside.some(each => each) ? card.append(make("section", {}, make("h3", {}, name), ...inside.filter(Boolean))) : undefined
    const { kind, about, span } = from.dataset
    const heading = make("h2", { id: "pn-asked" }, shown)
    const copy = make("button", { type: "button", "aria-label": "Copy the full value", click: async () => {
      await navigator.clipboard?.writeText(number.v)
      copy.textContent = "copied"
    } }, "copy")
    card.append(make("header", {}, heading,
      number.v ? make("p", { class: "pn-full" }, make("code", {}, number.v), copy) : "",
      make("button", { type: "button", class: "pn-close", "aria-label": "Close", click: () => card.hidePopover() }, "×")))
    if (kind) {
      const link = kind === "measured" ? `record-${about}` : about
      card.append(make("p", { class: "pn-means" }, make("a", { href: `${root}evidence/#${kind}` }, title(kind)), span ? `, ${span}` : "", about && document.getElementById(link) ? ". " : "",
        about && document.getElementById(link) ? make("a", { href: `#${link}`, click: () => card.hidePopover() }, kind === "measured" ? "Its data" : "How it moves") : ""))
    }

    const says = make("pre", { class: "pn-steps" }, [...number.x, number.p].filter(Boolean).join("\n= "))
    if (number.v) says.append(`\n= ${shown}`)
    const above = from.closest(".pn-examples tbody")?.querySelector("th").textContent // a published example
    const near = above ?? Object.entries(number.near ?? {}).map(([name, value]) => `${name} = ${value}`).join(", ")
    card.append(says)
    if (near) card.append(make("p", { class: "pn-note" }, above ?? `here ${near}`))

    const goes = inputs(number, data)
    const strongest = goes.find(each => each.move)?.label.split(": ").pop()
    if (number.f?.in.length) card.append(graph(number, data, shown, strongest))
    if (data.functions[number.f?.name]) card.append(make("p", { class: "pn-note" }, ...data.functions[number.f.name][0].split("`").map((text, i) => i % 2 ? make("code", {}, text) : text)))
    const why = data.whys[number.w]
    if (why) part("Step by step", make("table", {}, ...why.map(([, meaning, value, formula]) =>
      make("tr", {}, make("th", { scope: "row" }, meaning), make("td", {}, value), make("td", {}, formula.includes("=") ? formula : "")))))

    const moved = goes.some(each => each.move !== undefined)
    const row = each => make("tr", {}, make("th", { scope: "row" }, (each.label || "typed here").replaceAll("_", " ")), make("td", {}, each.value),
      moved ? make("td", {}, each.move === undefined ? "" : each.move === 0 ? "not binding here" : `${each.step === 1 ? "one more" : "+1%"} → ${signed(each.move)}`) : "")
    const first = goes.slice(0, 6), rest = goes.slice(6)
    part(moved ? "What it depends on, and how far each moves it" : "What it depends on",
      goes.length ? make("table", {}, ...first.map(row)) : "",
      rest.length ? make("details", {}, make("summary", {}, `${rest.length} more`), make("table", {}, ...rest.map(row))) : "")

    const records = [...new Set((number.n ?? []).flatMap(node => data.nodes[node][5] ?? []))]
    const held = [number.f?.name].filter(name => data.functions[name]).map(name => {
      const [, examples, tests, properties, anchor, through] = data.functions[name]
      const parts = [examples && make("span", {}, make("a", { href: `${root}verification/#${anchor}` }, plural(examples, "published example")), through && ` of ${through.split(".").pop()}, which it calls`), tests && plural(tests, "test") + (properties ? `, ${properties} of them for any input` : "")].filter(Boolean)
      return make("p", {}, make("a", { href: `${root}reference/${name.split(".")[0]}/#perpnotes.${name}` }, make("code", {}, name)), parts.length ? ": " : "", ...parts.flatMap((each, i) => i ? [" and ", each] : [each]))
    })
    for (const name of records) {
      const known = data.records[name]
      if (known) held.push(make("p", {}, `${known[0]}, ${known[1]}: `, make("a", { href: `${there}record-${name}` }, name), ...known[2].map(sum => make("code", { title: `SHA-256 ${sum}` }, ` ${sum.slice(0, 12)}…`))))
    }
    part("Checked by", ...held)

    const quotes = data.quoted[from.dataset.trace.split(":").pop()] ?? []
    part("Quoted in", quotes.length ? make("p", {}, ...quotes.flatMap(([name, path], i) => [i ? ", " : "", make("a", { href: root + path }, name)])) : "")

    const nodes = (number.n ?? []).map(each => data.nodes[each])
    const names = new Set(number.x[0].match(/[A-Za-z_]\w*/g) ?? [])
    const own = nodes.findLast(node => node[3].split(" ").some(name => names.has(name))) ?? nodes.at(-1)
    const actions = make("footer", {})
    if (own && !home && document.getElementById(own[0])) actions.append(make("button", { type: "button", class: "pn-show", click: () => lead(own, from, card) }, "Show the code"))
    if (home) actions.append(make("a", { href: own ? there + own[0] : home }, "Read the article"))
    if (own && !home && document.querySelector(`#${own[0]} [data-run]`)) actions.append(make("button", { type: "button", click: () => { card.hidePopover(); pnTool("run").then(() => pnEdit(own[0], own[1])) } }, "Change it"))
    if (nodes.length > 1 && !home) {
      const list = make("details", {}, make("summary", {}, `The ${nodes.length} statements behind it`), make("ol", {}, ...nodes.map(node =>
        make("li", {}, make("button", { type: "button", click: () => lead(node, from, card) }, node[3] || "code"), node[4] ? ` ${node[4]}` : ""))))
      card.append(make("section", {}, list))
    }
    card.append(actions)

    const anchor = document.activeElement === document.body ? from : document.activeElement
    document.body.append(card)
    anchor.setAttribute("aria-expanded", "true")
    card.addEventListener("toggle", event => {
      if (event.newState === "open") return
      anchor.setAttribute("aria-expanded", "false")
      card.remove()
    })
    card.addEventListener("keydown", event => {
      if (event.key !== "Tab") return
      const stops = [...card.querySelectorAll("a, button, summary")].filter(each => each.checkVisibility())
      const last = event.shiftKey ? [card, stops[0]].includes(document.activeElement) : document.activeElement === stops.at(-1)
      if (last) { // out of the card is back to the number
        event.preventDefault()
        card.hidePopover()
        anchor.focus()
      }
    })
    card.showPopover()
    if (innerWidth >= 640) { // below the number, or above it, and inside the window always; on a phone it comes from below
      const at = (from.getClientRects()[0] ?? from.getBoundingClientRect()), height = card.offsetHeight
      const below = innerHeight - at.bottom - 14, above = at.top - 14, under = height <= below || below >= above
      card.style.maxHeight = `${Math.max(below, above)}px`
      card.style.top = `${under ? at.bottom + 6 : Math.max(8, at.top - Math.min(height, above) - 6)}px`
      card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 16))}px`
    }
    card.focus()
  }
})()
