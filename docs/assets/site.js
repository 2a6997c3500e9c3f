// For all scripts: what comes only when it is needed, how elements are made, and a time when nothing else is to do.
globalThis.pnRoot = new URL("..", document.currentScript.src).href
const loaded = {}
globalThis.pnLoad = address => loaded[address] ??= new Promise((done, failed) => {
  const style = address.endsWith(".css"), file = document.createElement(style ? "link" : "script")
  Object.assign(file, style ? { rel: "stylesheet", href: address } : { src: address })
  file.onload = done
  file.onerror = event => {
    delete loaded[address]
    failed(event)
  }
  document.head.append(file)
})
globalThis.pnTool = name => pnLoad(`${pnRoot}assets/${name}.js`)
globalThis.pnMake = (tag, attributes, ...inside) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value)
    else if (value !== undefined) element.setAttribute(name, value)
  }
  element.append(...inside.filter(each => each !== undefined && each !== ""))
  return element
}
globalThis.pnLater = window.requestIdleCallback ?? (go => setTimeout(go, 50))

// What the frame of a page can do beyond links: search, color scheme, menu, contents and copying.
{
  const root = document.documentElement
  const one = selector => document.querySelector(selector)

  // A disk does not know that a folder stands for its page.
  const file = link => { if (link.protocol === "file:" && link.pathname.endsWith("/")) link.pathname += "index.html" }
  addEventListener("click", event => {
    const link = event.target.closest?.("a[href]")
    if (link) file(link)
  }, true)

  // The scheme of the operating system, or the one that the reader has chosen.
  const scheme = one(".pn-scheme"), chosen = () => root.getAttribute("data-scheme")
  const say = () => { scheme.title = scheme.ariaLabel = `Color scheme: ${chosen() ?? "as the system"}. Change it.` }
  scheme.addEventListener("click", () => {
    const next = { light: "dark", dark: "" }[chosen()] ?? "light"
    if (next) root.setAttribute("data-scheme", next)
    else root.removeAttribute("data-scheme")
    try { next ? localStorage.setItem("scheme", next) : localStorage.removeItem("scheme") } catch {}
    say()
  })
  say()
  scheme.hidden = false

  // The menu on a narrow screen. Its labels become buttons, which keys press; a link within the page and Escape close it.
  const drawer = one("#__drawer")
  for (const label of document.querySelectorAll(".md-header__button[for], .md-nav__link[for]")) {
    const toggle = document.getElementById(label.htmlFor), button = pnMake("button", { click: () => toggle.click() }, ...label.childNodes)
    for (const { name, value } of label.attributes) button.setAttribute(name, value)
    label.replaceWith(button)
  }
  one(".md-sidebar--primary")?.addEventListener("click", event => {
    if (event.target.closest("a[href^='#']")) drawer.checked = false
  })
  drawer.addEventListener("change", () => { root.classList.toggle("pn-still", drawer.checked) })

  // Contents: the section that is read.
  const side = one(".md-sidebar--secondary .md-sidebar__scrollwrap")
  const parts = [...side?.querySelectorAll("a[href^='#']") ?? []]
    .map(link => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))]).filter(([, heading]) => heading)
  let active
  const follow = () => {
    const [now] = parts.findLast(([, heading]) => heading.getBoundingClientRect().top < 120) ?? []
    if (now === active) return
    active?.classList.remove("md-nav__link--active")
    now?.classList.add("md-nav__link--active")
    active = now
    if (!now) return side.scrollTop = 0
    const box = side.getBoundingClientRect(), link = now.getBoundingClientRect()
    if (link.top < box.top + 40 || link.bottom > box.bottom) side.scrollTop += link.top - box.top - box.height / 3
  }
  const title = one("article h1"), contents = one(".pn-contents")
  if (title) new IntersectionObserver(([seen]) => {
    root.classList.toggle("pn-past", !seen.isIntersecting && seen.boundingClientRect.top < 60)
  }, { rootMargin: "-60px 0px 0px" }).observe(title)
  contents?.addEventListener("click", event => { if (event.target.closest("a")) contents.hidePopover() })
  if (parts.length) {
    let waits = false
    addEventListener("scroll", () => {
      if (waits) return
      waits = true
      requestAnimationFrame(() => {
        waits = false
        follow()
      })
    }, { passive: true })
    addEventListener("load", () => { if (scrollY) pnLater(follow) })
  }

  // What an address leads to is open, and on paper everything is.
  const reveal = () => {
    let fold = document.getElementById(decodeURIComponent(location.hash.slice(1)))
    while (fold = fold?.closest("details")) {
      fold.open = true
      fold = fold.parentElement
    }
  }
  addEventListener("hashchange", reveal)
  reveal()
  addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details")) fold.open = true })

  // Who has no pointer scrolls what is wider than its place with the arrow keys.
  const wide = new ResizeObserver(boxes => {
    const wider = boxes.filter(({ target }) => target.scrollWidth > target.clientWidth) // all are read before any is changed
    for (const box of boxes) {
      if (wider.includes(box)) box.target.tabIndex = 0
      else box.target.removeAttribute("tabindex")
    }
  })
  for (const box of document.querySelectorAll("pre > code, article table:not([class])")) wide.observe(box)

  // Code is copied as it is read; of a session, what was typed.
  addEventListener("click", async event => {
    const button = event.target.closest?.(".pn-copy")
    if (!button) return
    const text = button.parentNode.querySelector("code").textContent, typed = text.match(/^(>>>|\.\.\.) .*/gm)
    await navigator.clipboard.writeText(typed ? typed.map(line => line.slice(4)).join("\n") : text)
    button.ariaLabel = button.title = "Copied"
    setTimeout(() => { button.ariaLabel = button.title = "Copy" }, 2000)
  })

  // Search: what answers and its index come when the reader turns to it, and what was typed meanwhile is answered then.
  const dialog = one(".pn-search"), [field, status, list] = ["input", "[role=status]", "ol"].map(it => dialog.querySelector(it))
  let find
  if (one(".pn-sorted")) pnTool("sort")
  const fetched = () => find ??= pnTool("search").then(() => pnLoad(`${pnRoot}search/index.js`)).then(() => pnAnswer(), () => {
    status.textContent = "The search could not be loaded."
    find = undefined
  })
  if (one(".pn-lost")) field.value = decodeURIComponent(location.pathname).replace(/index\.html$|[^\p{L}\p{N}]+/gu, " ").trim()
  const open = () => {
    drawer.checked = false
    root.classList.remove("pn-still")
    if (!dialog.open) dialog.showModal()
    field.select()
    fetched()
  }
  one(".pn-find").addEventListener("click", open)
  one(".pn-find").addEventListener("pointerenter", fetched)
  addEventListener("keydown", event => {
    if (event.key === "Escape" && drawer.checked) drawer.click()
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]")
    if (dialog.open || event.altKey || typing && !dialog.contains(typing)) return
    if (event.key === "/" && !event.ctrlKey && !event.metaKey || event.key === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      open()
    }
  })
  // Arrow keys walk through the hits, Enter opens the first; other keys go on with typing. A click beside it closes it.
  dialog.addEventListener("keydown", event => {
    const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key]
    if (event.key === "Escape") dialog.close() // at once, though there is text in the field
    else if (event.key === "Enter" && event.target === field) links[0]?.click()
    else if (to === -1 || at >= 0 && (event.key.length === 1 && event.key !== " " || event.key === "Backspace") && !event.ctrlKey && !event.metaKey) return field.focus()
    else if (to !== undefined) links[to]?.focus()
    else return
    event.preventDefault()
  })
  dialog.addEventListener("click", event => { if (event.target === dialog || event.target.closest("a")) dialog.close() })
}
