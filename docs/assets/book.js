// The reader's own book: a form, what the library says of it at each keystroke, and links that carry the book.
// Loaded on that page only; Python is loaded with the button.
(() => {
  const door = document.querySelector("[data-book]")
  if (!door) return
  const runs = door.parentElement

  // Markup with values in it, which are text unless they are markup themselves.
  class Markup { constructor(text) { this.text = text } }
  const plain = it => it instanceof Markup ? it.text : Array.isArray(it) ? it.map(plain).join("") : it === undefined || it === null || it === false ? "" : String(it).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt()};`)
  const h = (texts, ...values) => new Markup(texts.map((text, i) => i ? plain(values[i - 1]) + text : text).join(""))

  const formats = [], format = digits => formats[digits] ??= new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
  const brief = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 2 })
  const signed = (value, digits, lead = "") => `${value < 0 && -value >= .5 * 10 ** -digits ? "−" : ""}${lead}${format(digits).format(Math.abs(value))}`
  const usd = value => signed(value, Math.abs(value) < 1000 ? 2 : 0, "$")
  const price = value => signed(value, value < 1 ? Math.min(20, 4 - Math.floor(Math.log10(value))) : value < 1000 ? 2 : 0, "$")
  const pct = (value, digits = 1) => `${signed(100 * value, digits)}%`
  const or = (value, show, word = "none") => value === null || value === undefined ? word : show(value)

  // --- The book: what the form holds, and what links carry ---

  const parts = path => path.match(/[^.[\]]+/g)
  const get = path => parts(path).reduce((here, name) => here?.[name], book)
  const put = (path, value) => {
    const names = parts(path), last = names.pop(), around = []
    let here = book
    for (const name of names) {
      around.push([here, name])
      here = here[name] ??= {}
    }
    if (value === undefined) delete here[last]
    else here[last] = value
    for (const [outer, name] of around.reverse()) if (!Array.isArray(outer) && !Object.keys(outer[name]).length) delete outer[name]
  }
  const coins = ({ legs, trade } = book) => [...new Set([...legs, trade ?? {}].map(leg => leg.coin).filter(Boolean))]
  const held = () => coins({ legs: book.legs })
  // A number with commas between thousands, or one before decimals, as on the keys of many phones.
  const number = text => {
    const bare = text.replace(/[_\s]/g, "").replace("−", "-")
    return Number(/^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(bare) ? bare.replaceAll(",", "") : bare.replace(/^([+-]?\d*),(\d*)$/, "$1.$2"))
  }
  // A coin has one mark, whichever leg states it, and a pair of coins one correlation.
  const settled = given => {
    if (!Array.isArray(given?.legs) || [...given.legs, given.trade ?? {}].some(leg => Object(leg) !== leg)) throw Error("no book")
    for (const leg of [...given.legs, given.trade ?? {}]) {
      if (leg.mark !== undefined && leg.coin) (given.marks ??= {})[leg.coin] = leg.mark
      delete leg.mark
    }
    if (Object(given.correlation) !== given.correlation || Array.isArray(given.correlation)) {
      const stated = given.correlation, all = coins(given)
      delete given.correlation
      if (stated !== undefined) all.forEach((one, i) => all.slice(i + 1).forEach((other, k) => { (given.correlation ??= {})[`${one}-${other}`] = stated?.[i]?.[i + k + 1] ?? stated }))
    }
    return given
  }
  const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer())
  const packed = async () => `#v1=${btoa(String.fromCharCode(...await through(JSON.stringify(book), new CompressionStream("deflate-raw")))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`
  const unpacked = async hash => {
    const bytes = Uint8Array.from(atob(hash.slice(4).replace(/-/g, "+").replace(/_/g, "/")), sign => sign.charCodeAt())
    return settled(JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")))))
  }

  // --- The form ---

  let book, lists = { venues: [], tables: [] }, root, form, out, status
  const open = new Set() // what is unfolded: parts of the form, and the questions that are asked
  const shown = (path, percent) => {
    const value = get(path)
    return value === undefined || value === null ? "" : percent && typeof value === "number" ? Number((100 * value).toPrecision(12)) : value
  }
  const field = (path, name, { percent, unit = percent && "%", list, letters, two } = {}) => h`<label class="pn-field${two ? " pn-two" : ""}"><span>${name}${unit !== undefined && h` <i>${unit}</i>`}</span><input data-path="${path}" ${percent ? h`data-percent` : ""} ${letters ? h`autocapitalize="characters"` : h`inputmode="${letters === undefined ? "decimal" : "text"}"`} ${list && h`list="pn-${list}"`} autocomplete="off" spellcheck="false" value="${shown(path, percent)}"></label>`
  const choice = (path, name, options) => h`<label class="pn-field"><span>${name}</span><select data-path="${path}">${options.map(([value, text]) => h`<option value="${JSON.stringify(value)}" ${JSON.stringify(get(path) ?? null) === JSON.stringify(value) ? h`selected` : ""}>${text}</option>`)}</select></label>`
  const action = (name, text, label) => h`<button type="button" data-do="${name}" ${label && h`aria-label="${label}"`}>${text}</button>`
  const fold = (key, title, ...inside) => h`<details class="pn-fold" data-key="${key}" ${open.has(key) ? h`open` : ""}><summary>${title}</summary><div class="pn-fields">${inside}</div></details>`

  const leg = (path, name) => {
    const { coin = "", kind = "linear" } = get(path), option = kind === "option", perpetual = kind === "linear" || kind === "inverse"
    return h`<fieldset class="pn-leg"><legend>${name}</legend><div class="pn-fields pn-main">
      ${field(`${path}.coin`, "Coin", { letters: true, list: "coins" })}
      ${choice(`${path}.kind`, "Kind", [[null, "Linear"], ["inverse", "Inverse"], ["spot", "Spot"], ["option", "Option"]])}
      ${field(`${path}.size`, "Size", { letters: false, unit: kind === "inverse" ? "USD" : option ? "contracts" : coin })}
      ${field(`${path}.entry`, option ? "Premium" : "Entry", { unit: "USD" })}
      ${perpetual && field(`${path}.leverage`, "Leverage", { unit: "×" })}
      ${option && choice(`${path}.call`, "Right", [[null, "Call"], [false, "Put"]])}
      ${option && field(`${path}.strike`, "Strike", { unit: "USD" })}${option && field(`${path}.days`, "Expiry", { unit: "days" })}
      ${action(`drop ${path}`, "×", `Remove ${name.toLowerCase()}`)}</div>
      ${fold(path, perpetual ? "Stop, isolated margin, tier" : "More",
        perpetual && [field(`${path}.stop`, "Stop", { unit: "USD" }), field(`${path}.margin`, "Isolated with", { unit: kind === "inverse" ? coin : "USD" })],
        option && field(`${path}.volatility`, "Implied volatility", { percent: true }),
        kind === "spot" ? field(`${path}.haircut`, "Haircut", { percent: true }) : field(`${path}.maintenance`, "Maintenance: table, or", { percent: true, letters: false, list: "tables", two: true }),
        field(`${path}.open_fee`, "Fee to open", { percent: true }))}</fieldset>`
  }
  const money = (each, i) => {
    const currency = each.currency || "USD"
    return h`<fieldset class="pn-leg"><legend>Collateral ${i + 1}</legend><div class="pn-fields pn-main">${field(`collateral[${i}].amount`, "Amount", { letters: false })}${field(`collateral[${i}].currency`, "Currency", { letters: true })}${field(`collateral[${i}].haircut`, "Haircut", { percent: true })}${rate(currency)}${action(`drop collateral[${i}]`, "×", `Remove collateral ${i + 1}`)}</div></fieldset>`
  }
  const rate = currency => currency !== "USD" && !coins().includes(currency) && field(`${book.marks?.[currency] === undefined ? "fx" : "marks"}.${currency}`, `One ${currency}`, { unit: "USD" })
  const pairs = () => coins().flatMap((one, i, all) => all.slice(i + 1).map(other => field(`correlation.${one}-${other}`, `${one} with ${other}`, { letters: false })))
  const markets = () => h`${coins().map(coin => h`<fieldset class="pn-leg"><legend>${coin}</legend><div class="pn-fields">${field(`marks.${coin}`, `${coin} mark`, { unit: "USD" })}${field(`volatility.${coin}`, "Volatility", { percent: true, unit: "% a year" })}${field(`funding.${coin}`, "Funding", { percent: true, letters: false, unit: "% each" })}</div></fieldset>`)}${coins().length > 1 && h`<fieldset class="pn-leg"><legend>Correlation</legend><div class="pn-fields">${pairs()}</div></fieldset>`}`
  const account = () => h`<div class="pn-fields">${lists.venues.length ? choice("venue", "Venue’s rules", [[null, lists.venues[0]], ...lists.venues.slice(1).map(name => [name, name])]) : field("venue", "Venue’s rules", { letters: false })}
    ${field("days", "Held for", { unit: "days" })}${field("hours", "Funding each", { unit: "hours" })}${field("taker", "Taker fee", { percent: true })}${field("slippage", "Slippage", { percent: true })}
    ${field("currency", "Account in", { letters: true })}${rate(book.currency || "USD")}${held().length > 1 && choice("driver", "Grid moves", [[null, held()[0]], ...held().slice(1).map(coin => [coin, coin])])}</div>`

  const at = path => form.querySelector(`[data-path="${CSS.escape(path)}"]`)
  const draw = () => {
    const { dataset, selectionStart: caret } = document.activeElement
    form.innerHTML = plain(h`<div class="pn-acts">${action("share", "Share")}${action("python", "Copy as Python")}${action("paste", "Paste")}<output class="pn-done" aria-live="polite"></output></div>
      <div class="pn-paste" hidden><label class="pn-field"><span>Positions as CSV or JSON</span><textarea rows="5" data-path="paste" spellcheck="false"></textarea></label>${action("read", "Read them")}</div>
      <h2>Positions</h2>${book.legs.map((_, i) => leg(`legs[${i}]`, `Leg ${i + 1}`))}${action("add legs", "Add a leg")}
      <h2>Market</h2><div class="pn-market">${markets()}</div>
      <h2>Collateral</h2>${(book.collateral ?? []).map(money)}${action("add collateral", "Add collateral")}
      <h2>Account and costs</h2><div class="pn-costs">${account()}</div>
      <h2>A trade to try</h2>${book.trade ? leg("trade", "The trade") : action("trade", "Try a trade: before and after")}
      <datalist id="pn-tables">${lists.tables.map(name => h`<option>${name}</option>`)}</datalist><datalist id="pn-coins">${coins().map(name => h`<option>${name}</option>`)}</datalist>`)
    assume()
    const kept = dataset?.path && at(dataset.path)
    kept?.focus()
    if (kept?.tagName === "INPUT") kept.setSelectionRange(caret, caret)
  }
  // What the library assumed where a field is empty.
  let assumed = [], latest
  const assume = () => {
    const found = new Map(assumed.map(each => [each.field, each]))
    for (const input of form.querySelectorAll("input[data-path]")) {
      const { value, source } = found.get(input.dataset.path) ?? {}
      if (!source) continue
      const text = String(Number((("percent" in input.dataset ? 100 : 1) * value).toPrecision(4)))
      if (input.placeholder !== text) input.placeholder = text
      if (input.title !== source) input.title = source
    }
  }

  const listen = () => {
    form.addEventListener("input", ({ target }) => {
      const { path } = target.dataset
      if (!path || path === "paste") return
      const text = target.value.trim(), read = number(text), upper = /coin$|currency$/.test(path)
      const value = target.tagName === "SELECT" ? JSON.parse(text) ?? undefined : !text ? undefined : upper ? text.toUpperCase() : !Number.isFinite(read) ? text : "percent" in target.dataset ? Number((read / 100).toPrecision(12)) : read
      const before = upper && coins().join()
      put(path, value)
      if (/kind$/.test(path) || path === "currency" || path.startsWith("collateral") && upper) draw()
      else if (upper && before !== coins().join()) {
        form.querySelector(".pn-market").innerHTML = plain(markets())
        form.querySelector(".pn-costs").innerHTML = plain(account())
        assume()
      }
      if (/coin$/.test(path)) for (const name of ["size", "margin"]) {
        const unit = at(path.replace(/coin$/, name))?.parentElement.querySelector("i")
        if (unit && !/^(USD|contracts)$/.test(unit.textContent)) unit.textContent = value ?? ""
      }
      ask()
    })
    root.addEventListener("toggle", ({ target }) => {
      const { key } = target.dataset
      if (!key || open.has(key) === target.open) return
      open[target.open ? "add" : "delete"](key)
      if (target.closest("form") || !target.open) return
      if (latest) show(latest)
      if (key !== "assumed") ask() // Python writes it out
    }, true)
    form.addEventListener("submit", event => event.preventDefault())
    form.addEventListener("click", ({ target }) => {
      const [name, where] = target.closest("[data-do]")?.dataset.do.split(" ") ?? []
      if (name) acts[name](where)
    })
  }
  const said = text => { form.querySelector(".pn-done").textContent = text }
  const again = path => {
    draw()
    if (path) at(path)?.focus()
    ask()
  }
  const acts = {
    "add": name => {
      const list = book[name] ??= []
      list.push(name === "legs" ? { coin: coins().at(-1) ?? "BTC" } : {})
      again(name === "legs" ? `legs[${list.length - 1}].size` : `collateral[${list.length - 1}].amount`)
    },
    "drop": path => {
      if (path === "trade") delete book.trade
      else {
        const [list, i] = parts(path)
        book[list].splice(i, 1)
      }
      again()
      form.querySelector(`[data-do="${path === "trade" ? "trade" : `add ${parts(path)[0]}`}"]`).focus()
    },
    "trade": () => {
      book.trade = { coin: coins()[0] ?? "BTC" }
      again("trade.size")
    },
    "share": async () => {
      history.replaceState(null, "", await packed())
      const copied = await navigator.clipboard?.writeText(location.href).then(() => ", and is copied", () => "") ?? ""
      said(`The address holds this book${copied}. Whoever has it sees the book; nobody else does.`)
    },
    "python": async () => {
      if (!worker) return said("Show the results first: Python writes it.")
      const { error, text } = JSON.parse(await call("pn_python", JSON.stringify({ ...book, trade: undefined })))
      if (error) return said("One field has a fault: mend it first.")
      const box = form.querySelector("textarea"), copied = await navigator.clipboard?.writeText(text).then(() => true, () => false)
      if (copied) return said("Copied: a script that prints the same report.")
      box.closest(".pn-paste").hidden = false // for browsers that let no script copy
      box.value = text
      box.select()
    },
    "paste": () => {
      form.querySelector(".pn-paste").hidden ^= true
      form.querySelector(".pn-paste:not([hidden]) textarea")?.focus()
    },
    "read": async () => {
      if (!worker) return said("Show the results first: Python reads it.")
      const { error, legs } = JSON.parse(await call("pn_parse", form.querySelector("textarea").value))
      if (error) return fault("paste", error)
      book.legs = legs
      settled(book)
      again("legs[0].coin")
    },
  }

  // --- Python ---

  const code = ["import json", "from perpnotes import book as pn", "def pn_report(text):", " asked = json.loads(text)", " try:", "  books = [asked['book'], *([pn.traded(asked['book'], asked['trade'])] if asked.get('trade') else [])]", "  found = [pn.report(each, with_rules='text' in asked['why']) for each in books if each['legs'] or each is books[0]]", " except ValueError as error:", "  return json.dumps({'error': str(error)})",
    " why = {path: str(found[0].why(path)) for path in asked['why'] if path in found[0].reasons}", " return json.dumps({'reports': [each.to_dict() for each in found], 'text': str(found[0]) if 'text' in asked['why'] else '', 'why': why, 'reasons': found[0].reasons, 'trade': asked.get('trade')})",
    "def pn_rules(text):", " try:", "  found = pn.rules(json.loads(text))", " except ValueError as error:", "  return json.dumps({'error': str(error)})", " return json.dumps({'rules': list(found.table()) if found else []})",
    "def pn_python(text):", " try:", "  return json.dumps({'text': pn.as_python(json.loads(text))})", " except ValueError as error:", "  return json.dumps({'error': str(error)})",
    "def pn_parse(text):", " try:", "  return json.dumps({'legs': pn.parse(text)})", " except ValueError as error:", "  return json.dumps({'error': str(error)})",
    "def pn_lists(text):", " return json.dumps({'venues': list(pn.VENUES), 'tables': list(pn.TABLES)})"].join("\n")
  let worker, calls = 0, busy = false, late = false, newest, timer
  const waits = new Map()
  const post = message => new Promise((done, failed) => {
    waits.set(++calls, [done, failed])
    worker.postMessage({ ...message, id: calls })
  })
  const call = (name, text = "") => post({ type: "call", name, text })
  const start = async () => {
    runs.remove()
    worker = new Worker(`${pnRoot}assets/run-worker.mjs`, { type: "module" })
    const stop = text => {
      worker.terminate()
      worker = undefined
      out[0].prepend(runs)
      status.textContent = `Python could not be loaded: ${text}`
    }
    worker.onerror = event => stop(event.message || "the file is missing")
    worker.onmessage = ({ data }) => {
      if (data.type === "progress") status.textContent = `${data.text[0].toUpperCase()}${data.text.slice(1)} …`
      const [done, failed] = waits.get(data.id) ?? []
      waits.delete(data.id)
      if (data.type === "answer") done?.(data.answer)
      else if (data.type === "fault") failed ? failed(Error(data.text)) : stop(data.text)
    }
    status.textContent = "Loading Python …"
    try {
      await post({ type: "define", code })
      lists = JSON.parse(await call("pn_lists"))
    } catch (problem) { return stop(problem.message) }
    draw()
    ask()
  }
  // The newest book is asked about as soon as the one before it has been answered. Every venue's rule takes as long as
  // all the rest: it is asked for when that is painted, unless there is a newer book.
  const ask = async () => {
    if (![...held(), ...(book.collateral ?? []).map(each => each.currency)].includes(book.driver)) delete book.driver // its coin has left the book
    if (!worker || busy) return late = true
    busy = true
    late = false
    const { trade, ...mine } = book, text = newest = JSON.stringify(mine)
    const shows = await told("pn_report", JSON.stringify({ book: mine, trade, why: [...open] }))
    if (shows) requestAnimationFrame(() => setTimeout(() => {
      if (busy || text !== newest) return
      busy = true
      told("pn_rules", text)
    }))
  }
  const told = async (name, text) => {
    let shows
    try { shows = answer(JSON.parse(await call(name, text))) } catch (problem) { status.textContent = `It did not run: ${problem.message}` }
    busy = false
    if (late) ask()
    return shows
  }
  const fault = (path, text, whole = text) => {
    for (const input of form.querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid")
      input.removeAttribute("aria-describedby")
    }
    form.querySelector(".pn-fault")?.remove()
    root.classList.toggle("pn-stale", Boolean(text))
    if (!text) return
    const input = at(path) ?? form.querySelector(`[data-path^="${CSS.escape(path)}"]`)
    if (!input) return status.textContent = whole
    for (let up = input.closest("details, [hidden]"); up; up = up.parentElement.closest("details, [hidden]")) up.tagName === "DETAILS" ? up.open = true : up.hidden = false
    input.ariaInvalid = "true"
    input.setAttribute("aria-describedby", "pn-fault")
    input.insertAdjacentHTML("afterend", plain(h`<em class="pn-fault" id="pn-fault" role="alert">${text}</em>`))
    status.textContent = "One field has a fault. The results are of the book before it."
  }
  const answer = found => {
    if (found.rules) return render(out[2], rules(found))
    if (!found.error) {
      assumed = found.reports[0].assumed
      assume()
      fault()
      show(found)
      return true
    }
    let [, path, text] = /^(\S+) ([^]*)$/.exec(found.error) ?? ["", "", found.error]
    const missing = /^must have (\w+)$/.exec(text)
    if (missing) [path, text] = [`${path}.${missing[1]}`, "must be stated"]
    if (book.trade) path = path.replace(`legs[${book.legs.length}]`, "trade")
    if (/^(legs\[\d+\]|trade)\.mark$/.test(path)) path = `marks.${get(path.replace(/mark$/, "coin"))}` // where the form has it
    fault(path, text === found.error ? text : `${text[0].toUpperCase()}${text.slice(1)}`, found.error)
  }

  // --- What the library says ---

  const why = (found, path, text = "Why?") => found.reasons.includes(path) && h`<details class="pn-fold" data-key="${path}" ${open.has(path) ? h`open` : ""}><summary>${text}</summary>${found.why[path] && h`<pre class="pn-steps" tabindex="0">${found.why[path]}</pre>`}</details>`
  const tile = (name, value, note) => h`<div><dt>${name}</dt><dd class="pn-value">${value}</dd>${note && h`<dd>${note}</dd>`}</div>`
  const rows = (head, body, label) => h`<div class="pn-scroll" tabindex="0"><table class="pn-rows" aria-label="${label}"><thead><tr>${head.map((name, i) => h`<th scope="col" class="${i && "pn-n"}">${name}</th>`)}</tr></thead><tbody>${body.map(([name, ...cells]) => h`<tr><th scope="row">${name}</th>${cells.map(cell => h`<td class="pn-n">${cell}</td>`)}</tr>`)}</tbody></table></div>`
  const far = (value, mark) => value > 10 * mark ? "over 10×" : price(value)
  // The nearer end first: an account can have one on each side.
  const ends = ({ low, high }, mark) => [...new Set([low, high])].filter(end => end !== null).sort((one, other) => Math.abs(one - mark) - Math.abs(other - mark)).map(end => end === mark ? "now" : far(end, mark))
  const end = (one, way) => ends(one[way], one.mark)[0] ?? "never"
  const ways = { alone: "alone", following: "if the others follow", together: "if all move as one" }

  const prices = found => found.prices.map((one, i) => {
    const { name, isolated } = found.accounts[one.account]
    const asked = isolated || new Set(Object.keys(ways).map(way => JSON.stringify(one[way]))).size < 2 ? ["alone"] : Object.keys(ways)
    return h`<section class="pn-price"><h3>${one.coin} <small>${isolated && `isolated, ${name}, `}now ${price(one.mark)}</small></h3><dl>${asked.map(way => tile(asked.length > 1 ? ways[way] : "liquidated at", end(one, way), [or(one[way].distance, it => it > 9 ? "" : it ? `${pct(it)} away` : "equity is below maintenance", ""), ends(one[way], one.mark).slice(1).map(other => `, and at ${other}`)]))}</dl><div class="pn-asks">${asked.map(way => why(found, `prices[${i}].${way}`, asked.length > 1 ? `Why, ${ways[way]}?` : "Why?"))}</div></section>`
  })
  const own = (found, one, name) => found.currency.name !== "USD" && `${signed(one.currency[name], Math.abs(one.currency[name]) < 100 ? 4 : 0)} ${found.currency.name}`
  const accounts = found => found.accounts.map((one, i) => h`<dl class="pn-account" aria-label="${one.name}">${tile(`margin ratio${found.accounts.length > 1 ? `, ${one.name}` : ""}`, or(one.ratio, pct, "no equity"), "liquidated at 100%")}${tile("equity", usd(one.equity), own(found, one, "equity"))}${tile("maintenance", usd(one.maintenance), own(found, one, "maintenance"))}${tile("above maintenance", usd(one.buffer), own(found, one, "buffer"))}${tile("initial margin", usd(one.initial), `${usd(one.available)} free`)}${!one.isolated && (found.coins.length > 1 ? tile("fails at correlation stress", or(found.fails_at, it => signed(it, 2)), "of the worst move") : tile("fails in the grid", or(found.fails_at, () => "yes", "no"), "at the worst move"))}${!i && tile("holding costs", usd(-found.costs.funding), `funding, and ${usd(found.costs.closing)} to close`)}</dl><div class="pn-asks">${["ratio", "equity"].map(name => why(found, `accounts[${i}].${name}`, `Why, ${name}?`))}</div>`)
  const closed = (one, mark) => one === null ? ["", ""] : [far(one.price, mark), `${one.complete === false && one.returned > 0 ? "≤ " : ""}${usd(one.returned)}`]
  const closings = found => {
    const legs = found.legs.map((one, i) => [one, i]).filter(([one]) => one.stop || one.liquidation)
    return legs.length > 0 && h`<h2>By stop, and by liquidation</h2><p>What the account has left once the leg is closed, fees and slippage taken off.</p>${rows(["Leg", "Stop", "leaves", "Liquidation", "leaves"], legs.map(([one]) => [h`${one.name}${one.stop?.in_time === false && h` <em>liquidated before its stop</em>`}`, ...closed(one.stop, one.mark), ...closed(one.liquidation, one.mark)]), "Left by stop and by liquidation")}<div class="pn-asks">${legs.map(([one, i]) => [why(found, `legs[${i}].stop`, `Why, ${one.name} by stop?`), why(found, `legs[${i}].liquidation`, `Why, ${one.name} by liquidation?`)])}</div>`
  }
  const grid = found => {
    const { driver, price: moves, correlation, fails, worst } = found.grid
    const pnl = found.grid.pnl.map(line => line.map(value => Math.abs(value) < .005 ? 0 : value)) // what a hedge leaves is rounding
    const parts = [...found.legs.map((one, i) => [one.name, worst.contributions[i]]), ...Object.entries(worst.others).map(([name, value]) => [`collateral in ${name}`, value])]
    const most = Math.max(...pnl.flat().map(Math.abs), .005), widest = Math.max(...parts.map(([, value]) => Math.abs(value)), .005)
    const shade = value => `--pn-${value < 0 ? "loss" : "gain"}-${Math.ceil(4 * Math.abs(value) / most)}`.replace(/.*-0$/, "--pn-neutral")
    const least = Math.min(...pnl.flat())
    let marked = false
    const cell = (value, i, j) => {
      const first = !marked && value === least
      marked ||= first
      return h`<td class="${fails[i][j] && "pn-fails"} ${first && "pn-worst"}" style="background:var(${shade(value)})">${brief.format(value).replace("-", "−")}</td>`
    }
    return h`<h2>Stress</h2><figure class="pn-stress"><figcaption>The worst cell ${worst.pnl < .005 ? "takes" : "pays"} ${usd(Math.abs(worst.pnl))}: ${driver} ${pct(worst.moves.price, 0)}${correlation.length > 1 && `, correlation stress ${signed(worst.moves.correlation, 1)}`}</figcaption><div class="pn-scroll" tabindex="0"><table class="pn-grid" aria-label="Profit and loss of the book, USD"><thead><tr><th scope="col">stress</th>${moves.map(move => h`<th scope="col">${pct(move, 0)}</th>`)}</tr></thead><tbody>${pnl.map((line, i) => h`<tr><th scope="row">${signed(correlation[i], 1)}</th>${line.map((value, j) => cell(value, i, j))}</tr>`)}</tbody></table></div><p class="pn-note">Across: ${driver} moves, the others by their betas. Down: correlations move to one. Bold: the account fails. Framed: the worst.</p>
      <table class="pn-rows pn-bars" aria-label="Legs in the worst cell"><tbody>${parts.map(([name, value]) => h`<tr><th scope="row">${name}</th><td class="pn-n">${usd(value)}</td><td><i style="width:${100 * Math.abs(value) / widest}%;background:var(--pn-${value < 0 ? "loss" : "gain"})"></i></td></tr>`)}</tbody></table></figure>${why(found, "grid.worst")}`
  }
  const rules = found => found.rules.length > 0 && h`<h2>Under every rule</h2>${rows(["Rule", "Initial", "Maintenance"], found.rules.map(one => [h`${one.title} <small>${one.status !== "complete" && (one.missing || one.note || one.status)}</small>`, or(one.initial, usd, "not covered"), or(one.maintenance, usd, "")]), "Margin under every rule")}`
  // Of the account in which the trade is: an isolated one begins with it.
  const compared = (found, after, trade) => {
    if (!after) return h`<h2>The trade: before and after</h2><p>It closes the only position.</p>`
    const home = trade.margin ? after.legs.at(-1).account : after.accounts.findIndex(one => !one.isolated)
    if (home < 0) return h`<h2>The trade: before and after</h2><p>It closes the only position of the cross account.</p>`
    const each = read => [[found, home ? -1 : found.accounts.findIndex(one => !one.isolated)], [after, home]].map(([it, k]) => read(it, k))
    const of = show => each((it, k) => k < 0 ? "none" : show(it.accounts[k]))
    return h`<h2>The trade: before and after</h2>${rows(["", "Before", "After"], [
      ["margin ratio", ...of(one => or(one.ratio, pct, "no equity"))], ["maintenance", ...of(one => usd(one.maintenance))], ["above maintenance", ...of(one => usd(one.buffer))],
      ...[...new Set(each((it, k) => it.prices.filter(one => one.account === k)).flat().map(one => one.coin))].map(coin => [`${coin}, others following`, ...each((it, k) => or(it.prices.find(one => one.account === k && one.coin === coin), one => end(one, "following"), "not held"))]),
      ["worst cell", ...each(it => usd(it.grid.worst.pnl))], ["fails at stress", ...each(it => or(it.fails_at, value => signed(value, 2)))]], "Before and after the trade")}`
  }
  // Only what differs is touched, so that the browser need not lay out the rest again, and what has the focus keeps it.
  const become = (here, there) => {
    if (here.nodeName !== there.nodeName) return here.replaceWith(there)
    if (here.nodeType === Node.TEXT_NODE) {
      if (here.data !== there.data) here.data = there.data
      return
    }
    for (const name of there.getAttributeNames()) {
      const value = there.getAttribute(name)
      if (here.getAttribute(name) !== value) here.setAttribute(name, value)
    }
    for (const name of here.getAttributeNames()) if (!there.hasAttribute(name)) here.removeAttribute(name)
    fill(here, there)
  }
  const fill = (here, there) => {
    let old = here.firstChild, fresh = there.firstChild
    while (fresh) {
      const [left, right] = [old?.nextSibling, fresh.nextSibling]
      old ? become(old, fresh) : here.append(fresh)
      old = left
      fresh = right
    }
    while (old) {
      const left = old.nextSibling
      old.remove()
      old = left
    }
  }
  const draft = document.createElement("template")
  const render = (place, markup) => {
    draft.innerHTML = plain(markup)
    fill(place, draft.content)
  }
  const show = found => {
    const [now, after] = found.reports, all = { ...now, why: found.why, reasons: found.reasons }
    latest = found
    render(out[0], h`${prices(all)}${found.trade && compared(now, after, found.trade)}`)
    render(out[1], h`${accounts(all)}${closings(all)}${grid(all)}`)
    render(out[3], h`${now.assumed.length > 0 && h`<details class="pn-fold" data-key="assumed" ${open.has("assumed") ? h`open` : ""}><summary>What was assumed, and where it is from</summary>${open.has("assumed") && rows(["Field", "Value", "Source"], now.assumed.map(one => [one.field, String(one.value), one.source]), "Assumed")}</details>`}
      <details class="pn-fold" data-key="text" ${open.has("text") ? h`open` : ""}><summary>The whole report as text</summary>${found.text && h`<div class="pn-output"><pre tabindex="0">${found.text}</pre></div>`}</details>`)
    const first = now.prices[0]?.account // isolated, where there is only money beside it
    status.textContent = `Liquidated: ${now.prices.filter(one => one.account === first).map(one => `${one.coin} ${end(one, "following")}`).join(", ")}${now.coins.length > 1 ? " if the others follow" : ""}. Margin ratio ${or(now.accounts[first].ratio, pct, "none: no equity")}.`
  }

  // --- The page ---

  const begin = given => {
    book = given
    if (!form) {
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${pnRoot}assets/book.css` }))
      const example = [runs.closest(".pn-block")]
      while (example.at(-1).nextElementSibling?.matches(":not(h2)")) example.push(example.at(-1).nextElementSibling)
      document.body.classList.add("pn-wide")
      for (const each of example) each.hidden = true // the form and its results stand in its place
      example[0].insertAdjacentHTML("beforebegin", `<section class="pn-book" aria-label="Your own book"><div class="pn-top"></div><form class="pn-in" novalidate></form><div class="pn-rest"><div></div><div></div><div></div></div><p class="pn-status" role="status"></p></section>`)
      root = example[0].previousElementSibling
      form = root.querySelector("form")
      out = [root.firstElementChild, ...root.querySelector(".pn-rest").children]
      status = root.querySelector(".pn-status")
      out[0].prepend(runs)
      listen()
    }
    draw()
    ask()
  }
  const linked = async () => {
    if (!location.hash.startsWith("#v1=")) return
    try { begin(await unpacked(location.hash)) } catch { door.after(" The link does not hold a book that can be read.") }
  }
  door.addEventListener("click", async () => {
    if (!form) begin(await unpacked(door.dataset.book))
    start()
  })
  addEventListener("hashchange", linked)
  linked()
})()
