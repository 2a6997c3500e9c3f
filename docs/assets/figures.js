// Shows the value of the mark under the pointer, or of the one that the arrow keys reach. Without it the native
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
  let at = -1
  const show = next => {
    if (at >= 0) marks[at].classList.remove("on")
    at = next
    if (at >= 0) marks[at].classList.add("on")
    readout.textContent = at >= 0 ? labels[at] : ""
  }
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
  plot.tabIndex = 0
  plot.setAttribute("role", "application")
  plot.setAttribute("aria-roledescription", "chart")
  plot.addEventListener("pointermove", event => {
    const hit = event.target.closest(".m")
    if (hit) show(marks.indexOf(hit))
  })
  plot.addEventListener("pointerdown", event => show(marks.indexOf(event.target.closest(".m"))))
  plot.addEventListener("pointerleave", event => { if (event.pointerType === "mouse" && document.activeElement !== plot) show(-1) })
  plot.addEventListener("focus", () => { if (at < 0) show(0) })
  plot.addEventListener("blur", () => show(-1))
  plot.addEventListener("keydown", event => {
    const step = steps[event.key]
    if (event.key === "Escape") show(-1)
    if (!step || at < 0) return
    event.preventDefault()
    const all = centers(), [x, y] = all[at]
    let best = -1, nearest = Infinity
    all.forEach(([u, v], i) => {
      const along = (u - x) * step[0] + (v - y) * step[1], across = Math.abs((u - x) * step[1]) + Math.abs((v - y) * step[0])
      if (along > 1 && along + 3 * across < nearest) [best, nearest] = [i, along + 3 * across]
    })
    if (best >= 0) show(best)
  })
}
