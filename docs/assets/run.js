// Run the open code of a page in this browser, change it, stop it. Loaded with the first click on a button that runs.
(() => {
  const make = pnMake
  pnLoad(`${pnRoot}assets/trace.css`)
  let worker, asked = 0, waiting
  const end = () => {
    worker?.terminate()
    worker = undefined
  }
  const python = hear => {
    if (!worker) worker = new Worker(`${pnRoot}assets/run-worker.mjs`, { type: "module" })
    worker.onmessage = ({ data }) => hear(data)
    worker.onerror = event => hear({ type: "fault", text: event.message || "Python could not be loaded" })
    return worker
  }

  // Every block of the page that runs: its code and output as built, its editor, what is said of it.
  const blocks = [...document.querySelectorAll("[data-run]")].map(button => {
    const home = button.closest(".pn-block"), code = home.querySelector(".highlight code")
    const printed = home.querySelector(".pn-output pre")
    const block = { name: button.dataset.run, home, button, shown: home.querySelector(".highlight"), source: code.textContent.replace(/\n$/, ""), built: printed?.textContent ?? "", printed }
    block.state = make("output", { class: "pn-state", "aria-live": "polite" })
    block.edit = make("button", { type: "button", click: () => edit(block) }, "Change it")
    block.stop = make("button", { type: "button", hidden: "", click: () => stop() }, "Stop")
    block.reset = make("button", { type: "button", hidden: "", click: () => reset(block) }, "Reset")
    block.button.textContent = "Run"
    block.button.nextElementSibling?.remove() // the size, which is about to be loaded
    block.button.after(block.edit, block.reset, block.stop, block.state)
    return block
  })
  const text = block => block.editor?.value ?? block.source
  const changed = () => blocks.some(block => text(block) !== block.source)

  const edit = block => {
    if (!block.editor) {
      const lines = block.source.split("\n").length
      block.editor = make("textarea", { class: "pn-editor", spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", rows: lines + 1, "aria-label": `Code of the block ${block.name}` })
      block.editor.value = block.source
      block.editor.setSelectionRange(0, 0)
      block.editor.addEventListener("keydown", event => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(block) }
        if (event.key === "Escape") block.button.focus()
      })
      block.shown.hidden = true
      block.shown.after(block.editor)
      block.reset.hidden = false
      block.edit.hidden = true
    }
    block.editor.focus()
    return block.editor
  }
  const reset = block => {
    block.editor?.remove()
    block.editor = undefined
    block.shown.hidden = block.edit.hidden = false
    block.reset.hidden = true
    if (block.printed) show(block, block.built)
    block.home.querySelector(".pn-differs")?.remove()
    block.state.textContent = ""
    block.state.removeAttribute("data-verdict")
    block.button.focus()
  }
  const show = (block, out) => {
    if (!block.printed && !out) return
    if (!block.printed) {
      block.printed = make("pre", { tabindex: "0" })
      block.home.append(make("div", { class: "pn-output" }, block.printed))
    }
    block.printed.textContent = out
  }

  // The lines that differ, with both versions.
  const compare = (block, out) => {
    const [mine, theirs] = [out, block.built].map(each => each.trimEnd().split("\n")), rows = []
    for (let i = 0; i < Math.max(mine.length, theirs.length); i++) if (mine[i] !== theirs[i]) rows.push([theirs[i] ?? "", mine[i] ?? ""])
    return make("table", { class: "pn-rows pn-differs" }, make("tbody", {}, ...rows.slice(0, 40).map(([was, is]) => make("tr", {}, make("td", {}, make("del", {}, was)), make("td", {}, make("ins", {}, is))))))
  }
  const judge = (block, { out, error, line }) => {
    block.home.querySelector(".pn-differs")?.remove()
    out = out.replace(/\s+$/, "")
    const same = !error && out === block.built.trimEnd()
    show(block, error ? `${out}${out ? "\n" : ""}line ${line}: ${error}` : out)
    block.state.dataset.verdict = same ? "identical" : "different"
    if (error) {
      block.state.textContent = `Stopped at line ${line}.`
      if (block.editor && line) {
        const before = block.editor.value.split("\n").slice(0, line)
        const to = before.join("\n").length
        block.editor.setSelectionRange(to - before.at(-1).length, to)
      }
    } else if (same) block.state.textContent = out ? "Identical: this browser printed what the build printed, to the last character." : "Ran. It prints nothing."
    else {
      block.state.textContent = changed() ? "Your change prints this. The text keeps the numbers of the build." : "This browser prints something else than the build did:"
      block.home.append(compare(block, out))
    }
  }

  const busy = on => {
    for (const block of blocks) {
      block.stop.hidden = !on
      block.button.hidden = on
    }
  }
  const stop = () => {
    end()
    busy(false)
    if (!waiting) return
    waiting.state.textContent = "Stopped."
    waiting.button.focus()
    waiting = undefined
  }
  const run = block => {
    const id = ++asked
    waiting = block
    busy(true)
    block.stop.focus()
    for (const other of blocks) {
      other.state.textContent = ""
      other.state.removeAttribute("data-verdict")
    }
    block.state.textContent = worker ? "Running …" : "Loading Python …"
    python(data => {
      const now = blocks.find(other => other.name === data.name) ?? block
      if (data.type === "progress") now.state.textContent = `${data.text[0].toUpperCase()}${data.text.slice(1)} …`
      else if (data.type === "fault") { end(); busy(false); waiting = undefined; block.state.textContent = `It did not run: ${data.text}` }
      else if (data.id !== id) return
      else if (data.type === "block") judge(now, data)
      else if (data.type === "done") { busy(false); waiting = undefined; if (document.activeElement === document.body) block.button.focus() }
    }).postMessage({ type: "run", id, blocks: blocks.map(other => ({ name: other.name, code: text(other) })) })
  }

  globalThis.pnRun = button => run(blocks.find(block => block.button === button))
  // From the card of a number: the editor at the statement that was asked about.
  globalThis.pnEdit = (name, line) => {
    const block = blocks.find(other => other.name === name), editor = edit(block), before = editor.value.split("\n").slice(0, line)
    const at = before.join("\n").length + (line ? 1 : 0)
    editor.setSelectionRange(at, at)
    block.home.scrollIntoView({ block: "center" })
  }
})()
