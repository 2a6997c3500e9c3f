// Finds pages for a question. search/index.js, which site/search.py writes, calls pnIndex with all pages; pnFind finds, and
// pnAnswer shows what it found below the question.
{
  const idle = new Set(("a about am an and any are as at be by can do does for from has have how i if in into is it its me much my of on or per "
    + "s should so t take than that the their them there they this to vs was what when where which who why will with would you your").split(" "))
  const plain = text => text.replace(/([a-z]{2})([A-Z][a-z])/g, "$1 $2").toLowerCase()
  const WORD = /[\p{L}\p{N}]+/gu
  const stem = word => word.length < 4 ? word : word.replace(/(?<=.{3})(?:ations?|ators?|ated|ates?|ating|ings?|ed|ies|ous|es|(?<!s)s|y|e)$/, "")
  const entries = [], vocabulary = new Map(), known = new Map() // what there is; stem: entry: weight; word: stem
  const stems = text => (plain(text).match(WORD) ?? []).map(word => {
    if (!known.has(word)) known.set(word, stem(word))
    return known.get(word)
  })

  // What a word counts in the name of an idea, in a heading, in a page's title for its sections, in text, and anywhere.
  const NAME = 7, TITLE = 6, PAGE = 2.5, TEXT = 1, REST = 0.6
  const PAIR = 6, OWN = 1.25 // for two words together, and for a page itself beside its sections
  const KINDS = {
    insights: ["Article", 1.25], primer: ["Primer", 1.05], glossary: ["Glossary", 1.1], reference: ["Reference", 0.85],
    verification: ["Verification", 0.8], contributing: ["Contributing", 0.7],
  }

  window.pnIndex = all => {
    for (const [address, title, text, sections, rest] of all) {
      const [kind, weight] = KINDS[address.split("/")[0]] ?? ["", 0.9]
      const page = { kind, weight, first: entries.length }, own = stems(title), names = stems(address)
      for (const [anchor, head, body] of [["", title, text], ...sections]) {
        const at = entries.length, count = new Map()
        const raise = (words, weight) => { for (const word of words) if ((count.get(word) ?? 0) < weight) count.set(word, weight) }
        if (!anchor) raise(stems(rest), REST)
        raise(stems(body), TEXT)
        raise(own, PAGE)
        const words = stems(head), full = words.filter(word => !idle.has(word)).length
        raise(words, TITLE * (0.6 + 0.4 / (full || 1)))
        raise(names, anchor ? PAGE : NAME)
        for (const [word, weight] of count) {
          if (!vocabulary.has(word)) vocabulary.set(word, new Map())
          vocabulary.get(word).set(at, weight)
        }
        entries.push({ page, address: address + (anchor && `#${anchor}`), title: head, text: body, stems: words })
      }
    }
  }

  const near = (a, b) => { // one letter more, less or other, or two exchanged
    if (Math.abs(a.length - b.length) > 1) return false
    let i = 0, j = 0
    while (a[i] && a[i] === b[i]) i++
    while (j < Math.min(a.length, b.length) - i && a.at(-1 - j) === b.at(-1 - j)) j++
    const [x, y] = [a.slice(i, a.length - j), b.slice(i, b.length - j)]
    return x.length < 2 && y.length < 2 || x.length === 2 && x === y[1] + y[0]
  }

  // The entries that have a word, with its weight there; what is still being typed may be the start of a word.
  const having = (word, typed) => {
    const found = new Map(vocabulary.get(stem(word)))
    const add = share => (weight, at) => { if ((found.get(at) ?? 0) < share * weight) found.set(at, share * weight) }
    const like = (fits, share) => {
      for (const [other, root] of known) if (fits(other)) vocabulary.get(root)?.forEach(add(share))
    }
    if (typed && word.length > 1) like(other => other.startsWith(word), 0.7)
    if (!found.size && word.length > 4) like(other => near(other, word), 0.5)
    return found
  }

  window.pnFind = query => {
    let words = plain(query).match(WORD) ?? []
    if (words.some(word => !idle.has(word))) words = words.filter((word, i) => !idle.has(word) || i === words.length - 1 && !/\s$/.test(query) && words.length < 2)
    const asked = [...new Set(words)].map(word => {
      const there = having(word, word === words.at(-1))
      return { there, rare: Math.log(1 + entries.length / (there.size || 1)) }
    })
    const all = asked.reduce((sum, { rare }) => sum + rare, 0), phrase = words.map(stem).join(" ")
    const score = new Map(), covered = new Map(), whole = new Map()
    for (const { there, rare } of asked) {
      const best = new Map()
      for (const [at, weight] of there) {
        score.set(at, (score.get(at) ?? 0) + rare * weight)
        covered.set(at, (covered.get(at) ?? 0) + rare)
        const { page } = entries[at]
        if ((best.get(page) ?? 0) < weight) best.set(page, weight)
      }
      for (const [page, weight] of best) {
        const [sum, part] = whole.get(page) ?? [0, 0]
        whole.set(page, [sum + rare * weight, part + rare])
      }
    }
    const groups = new Map()
    // Two words that stand beside each other in the question and in a heading belong together.
    const typed = plain(query).match(WORD) ?? []
    const pairs = typed.slice(1).map((word, i) => [typed[i], word]).filter(pair => pair.every(word => words.includes(word)))
      .map(pair => ` ${pair.map(stem).join(" ")} `)
    for (const [at, sum] of score) {
      const entry = entries[at], head = entry.stems.join(" ")
      const said = entry.title === query.trim() ? 3 : head === phrase ? 1.8 : ` ${head} `.includes(` ${phrase} `) ? 1.5 : 1
      const together = pairs.filter(pair => ` ${head} `.includes(pair)).length * all * PAIR / asked.length
      const rank = (sum * said + together) * (covered.get(at) / all) ** 2 * (at === entry.page.first ? OWN : 1)
      if (!groups.has(entry.page)) groups.set(entry.page, [])
      groups.get(entry.page).push([rank, entry])
    }
    const spans = text => {
      const found = []
      for (const match of text.matchAll(/[\p{L}\p{N}]+/gu))
        if (words.some(word => stem(match[0].toLowerCase()) === stem(word) || word === words.at(-1) && match[0].toLowerCase().startsWith(word)))
          found.push([match.index, match.index + match[0].length])
      return found
    }
    return [...groups].map(([page, ranked]) => {
      ranked.sort(([a], [b]) => b - a)
      const [sum, part] = whole.get(page)
      return { page, rank: page.weight * (ranked[0][0] + 0.7 * sum * (part / all)), ranked }
    }).sort((a, b) => b.rank - a.rank).slice(0, 12).map(({ page, ranked }) => {
      const own = entries[page.first], hits = ranked.slice(0, 3).filter(([rank]) => rank > ranked[0][0] / 4).map(([, entry]) => entry)
      return {
        kind: page.kind,
        hits: [...new Set([own, ...hits])].map(({ address, title, text }) => ({ address, title, text, of: spans })),
      }
    })
  }

  const [field, status, list] = ["input", "[role=status]", "ol"].map(it => document.querySelector(`.pn-search ${it}`))
  const marked = (element, text, spans) => {
    let end = 0
    for (const [from, to] of spans) {
      element.append(text.slice(end, from), pnMake("mark", {}, text.slice(from, to)))
      end = to
    }
    element.append(text.slice(end))
    return element
  }
  window.pnAnswer = () => {
    const query = field.value.trim(), found = query ? pnFind(query) : []
    status.textContent = query ? `${found.length || "No"} page${found.length === 1 ? "" : "s"} found` : ""
    list.replaceChildren(...found.map(({ kind, hits }) => {
      const links = hits.map(({ address, title, text, of }, i) => {
        const link = pnMake("a", { href: pnRoot + address }, marked(pnMake("b", {}), title, of(title)))
        if (i === 0 && kind) link.append(" ", pnMake("small", {}, kind))
        if (text && i < 2) link.append(marked(pnMake("span", {}), text, of(text)))
        return link
      })
      return pnMake("li", {}, ...links)
    }))
    list.scrollTop = 0
  }
  field.addEventListener("input", () => { if (entries.length) pnAnswer() })
}
