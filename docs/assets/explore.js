// A picture that a reader moves: loaded with the first touch, by `figures.js`, together with what was computed for it at
// every step of its controls (`show/explore.py`). It looks numbers up and puts them in place.
globalThis.pnExplore = (figure, data) => {
  const inputs = [...figure.querySelectorAll("input[type=range]")], outputs = figure.querySelectorAll(".pn-slider output")
  const [high, scale, top] = data.y, svg = figure.querySelector(".pn-stage svg")
  const put = data.fill.map(([id, name, text]) => [document.getElementById(id), name, text])
  for (const name in data.of) { // each was stored as its difference from the one before
    let sum = 0
    data.of[name][1] = data.of[name][1].map(change => sum += change)
  }
  const value = name => {
    if (name in data.less) return value(data.less[name][0]) - value(data.less[name][1])
    const [on, values] = data.of[name]
    return values[on.reduce((at, k) => at * data.labels[k].length + Number(inputs[k].value), 0)]
  }
  const place = (name, number) => Math.floor((top + (high - number / 10 ** data.of[name][3]) * scale) * 10 + 0.5) / 10
  const filled = text => {
    if (typeof text !== "string") text = value(text[0]) >= 0 ? text[1] : text[2]
    return text.replace(/\{([@|]?)([^{}]+)\}/g, (_, how, name) => {
      const number = value(name)
      if (how === "@") return place(name, number)
      const [, , before, digits, after] = data.of[data.less[name]?.[0] ?? name]
      const plain = (Math.abs(number) / 10 ** digits).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
      return (number < 0 && !how ? "−" : "") + before + plain + after
    })
  }
  const cells = [...figure.querySelectorAll(".pn-plot .m")]
  let ring = figure.querySelector(".pn-map .on")
  const show = () => {
    ring?.remove()
    if (cells.length) {
      const cell = cells[inputs[0].value * data.labels[1].length + Number(inputs[1].value)]
      ring = cell.cloneNode()
      ring.setAttribute("class", "on") // no mark itself: `marks.js` may come later
      cell.parentNode.append(ring)
    }
    inputs.forEach((input, k) => { input.ariaValueText = outputs[k].textContent = data.labels[k][input.value] })
    for (const [part, name, text] of put) {
      if (name) part.setAttribute(name, filled(text))
      else part.textContent = filled(text)
    }
    figure.querySelector(".pn-said").textContent = data.say.map(filled).join(" ")
  }
  for (const input of inputs) input.addEventListener("input", show)

  // Beside a map, its rows are the steps of the first control and its columns those of the second.
  const follow = () => {
    inputs[0].value = Math.floor(figure.mark / data.labels[1].length)
    inputs[1].value = figure.mark % data.labels[1].length
    show()
  }
  figure.addEventListener("pn-mark", follow)

  // What is held moves the control whose step is nearest to the pointer.
  for (const [id, name] of Object.entries(data.held)) {
    const part = document.getElementById(id), [[control], values] = data.of[name]
    part.addEventListener("pointerdown", event => {
      part.setPointerCapture(event.pointerId)
      event.preventDefault()
    })
    part.addEventListener("pointermove", event => {
      if (!part.hasPointerCapture(event.pointerId)) return
      const box = svg.getBoundingClientRect(), y = (event.clientY - box.top) / box.height * svg.viewBox.baseVal.height
      const away = values.map(each => Math.abs(place(name, each) - y))
      inputs[control].value = away.indexOf(Math.min(...away))
      show()
    })
  }
  if (figure.mark >= 0) follow() // pointed at while this was loaded
  else show()
}
