// Shows the value of the mark nearest to the pointer, or of the one that the arrow keys reach. Without it the native
// tooltips and the data table remain.
for (const figure of document.querySelectorAll(".pn-figure")) {
  const plot = figure.querySelector(".pn-plot"), readout = figure.querySelector(".pn-readout")
  const marks = [...plot.querySelectorAll(".m")]
  if (!marks.length) continue
  const labels = marks.map(mark => mark.querySelector("title").textContent)
  for (const mark of marks) mark.querySelector("title").remove() // or two labels at once
  const centers = () => marks.map(mark => {
    const box = mark.getBoundingClientRect()
    return [box.x + box.width / 2, box.y + box.height / 2]
  })
  let at = -1, ring
  const show = next => {
    if (next === at) return
    ring?.remove()
    at = next
    readout.textContent = at < 0 ? "" : labels[at]
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
    show(hit >= 0 ? hit : best((x, y) => Math.hypot(x - event.clientX, y - event.clientY)))
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
