// The threshold: dragged in the histogram; porosity, band and overlay follow without the server.

const has_gray = histogram !== null
let follow_counting = () => {}

// voxels up to a grey value, of all that are counted
function share_up_to(threshold) {
  const cumulated = counts.data.cumulated
  const {first, step: width} = state.histogram
  const bin = Math.floor((threshold - first) / width + 1e-9)
  if (bin < 0) return 0
  return cumulated[Math.min(bin, cumulated.length - 1)] / cumulated[cumulated.length - 1]
}

function porosity_at(threshold) {
  const share = share_up_to(threshold)
  return state.dark ? share : 1 - share
}

// a threshold in a wide gap of the histogram is moved from the middle of the gap
function from_gap(threshold) {
  const cumulated = counts.data.cumulated
  const {first, step: width, gap} = state.histogram
  const last = cumulated.length - 1
  const bin = Math.min(Math.max(Math.floor((threshold - first) / width + 1e-9), 0), last)
  const up_to = cumulated[bin]
  if (up_to == 0 || up_to == cumulated[last]) return threshold
  let [below, above] = [bin, bin + 1]
  while (below > 0 && cumulated[below - 1] == up_to) below -= 1
  while (above < last && cumulated[above] == up_to) above += 1
  const [low, high] = [first + below * width, first + above * width]
  return high - low > gap ? (low + high) / 2 : threshold
}

function band_at(threshold) {
  const {shift, others} = state.histogram
  const middle = from_gap(threshold)
  const inside = [threshold, middle - shift, middle + shift].map(porosity_at).concat(others)
  return [Math.min(...inside), Math.max(...inside)]
}

const percent = (share, digits) => (100 * share).toFixed(digits)

// as many digits as the width of the band calls for
function digits_of(low, high) {
  const width = 100 * (high - low)
  return width > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(width)), 0), 4) : 3
}

function tell_threshold() {
  if (!has_gray || !(counts.data.cumulated ?? []).length) return
  const threshold = state.threshold
  const [low, high] = band_at(threshold)
  const digits = digits_of(low, high)
  by_id("porosity").textContent = `${percent(porosity_at(threshold), digits)} %`
  by_id("porosity").dataset.value = porosity_at(threshold)
  by_id("band").textContent =
    `porosity; ${percent(low, digits)} to ${percent(high, digits)} % by other thresholds and methods`
  by_id("band").dataset.low = low
  by_id("band").dataset.high = high
  const rows = Object.entries(state.histogram.methods)
    .map(([name, cut]) => [name, shown(cut), `${percent(porosity_at(cut), digits)} %`])
  const made = fill_table("methods", rows)
  Object.values(state.histogram.methods).forEach((cut, i) => {
    made[i].title = "take this threshold"
    made[i].addEventListener("click", () => set_threshold(cut))
  })
  tell_lines()
  draw_profile()
}

function draw_threshold() {
  const threshold = state.threshold
  const {shift, half} = state.histogram
  histogram.cut.setv({location: threshold, visible: true})
  histogram.band.setv({left: threshold - shift, right: threshold + shift})
  // a grey value up to and including the threshold is dark
  const [pore, near, clear] = [meta.colours.pore, meta.colours.near, meta.colours.clear]
  const cut = threshold + half
  const width = Math.max(shift, 1e-9 * Math.abs(threshold) + 1e-30)
  const colours = state.dark
    ? {palette: [pore, near], low_color: pore, high_color: clear}
    : {palette: [near, pore], low_color: clear, high_color: pore}
  mappers.threshold.setv({low: cut - width, high: cut + width, ...colours})
}

function set_threshold(value) {
  if (!has_gray || !Number.isFinite(value) || state.histogram.shift === undefined) return
  const {lowest, highest, whole} = state.histogram
  const kept = Math.min(Math.max(whole ? Math.round(value) : value, lowest), highest)
  window.poreflux.cut_at = performance.now()
  state.threshold = kept
  by_id("threshold").value = shown(kept)
  draw_threshold()
  tell_threshold()
}

function tell_counted() {
  const {share, failure} = state.histogram
  const words = share >= 1 ? "all voxels are counted" : `${percent(share, 0)} % of the voxels are counted`
  by_id("counted").textContent = failure ? `the histogram stopped: ${failure}` : words
}

if (has_gray) {
  const dragged = (event) => set_threshold(event.x)
  histogram.figure.on_event("tap", dragged)
  histogram.figure.on_event("panstart", dragged)
  histogram.figure.on_event("pan", dragged)
  by_id("threshold").addEventListener("change", (event) => set_threshold(event.target.valueAsNumber))
  by_id("pore").value = state.dark ? "dark" : "bright"
  by_id("pore").addEventListener("change", (event) => {
    state.dark = event.target.value == "dark"
    set_threshold(state.threshold)
  })
  let begun = false
  follow_counting = () => {
    if (state.histogram.share === undefined) return
    tell_counted()
    if (!begun && state.histogram.shift !== undefined) {
      begun = true
      set_threshold(state.threshold)
    }
    if (begun) { draw_threshold(); tell_threshold() }
  }
  state.connect(state.properties.histogram.change, follow_counting)
}

// what lies over the grey values
function show_overlay() {
  for (const [name, glyphs] of Object.entries(overlays)) {
    const kind = ["threshold", "phase", "none"].includes(state.overlay) ? state.overlay : "field"
    for (const glyph of glyphs) glyph.visible = name == kind
  }
  const entry = (colour, text) => {
    const item = document.createElement("span")
    const swatch = document.createElement("i")
    swatch.style.background = colour
    item.append(swatch, text)
    return item
  }
  const key = by_id("key")
  if (state.overlay == "threshold") {
    key.replaceChildren(
      entry(meta.colours.pore, "pore at this threshold"),
      entry(meta.colours.near, "near it: pore or not by the band"))
  } else if (state.overlay == "phase") {
    key.replaceChildren(...Object.entries(meta.phases).map(
      ([label, name], i) => entry(meta.colours.labels[i % meta.colours.labels.length], name)))
  } else if (state.overlay == "none") {
    key.replaceChildren()
  } else {
    const bar = document.createElement("span")
    bar.className = "bar"
    bar.style.background = `linear-gradient(to right, ${meta.colours.scale.join(", ")})`
    const ends = document.createElement("span")
    ends.className = "ends"
    const {title, unit} = meta.titles[state.overlay]
    const limits = state.limits.length ? state.limits : [NaN, NaN]
    for (const text of limits.map(shown)) {
      const part = document.createElement("span")
      part.textContent = text
      ends.append(part)
    }
    const words = `${title}${unit ? ` (${unit})` : ""}`
    key.replaceChildren(bar, ends, words)
  }
}

function set_overlay(name) {
  state.overlay = name
  by_id("overlay").value = name
  show_overlay()
  ask()
}

state.connect(state.properties.limits.change, show_overlay)

let hidden = null
function toggle_overlay() {
  if (state.overlay == "none") set_overlay(hidden ?? meta.overlay)
  else { hidden = state.overlay; set_overlay("none") }
}

by_id("overlay").addEventListener("change", (event) => set_overlay(event.target.value))
by_id("opacity").addEventListener("input", (event) => {
  for (const glyphs of Object.values(overlays)) {
    for (const glyph of glyphs) glyph.glyph.global_alpha = event.target.valueAsNumber / 100
  }
})
