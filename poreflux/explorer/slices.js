// The three slices: one point, one centre and one span for all; whoever drags changes these,
// the crosshair and the ranges follow at once, and images are asked of the server, the newest last.

const DIMS = ["z", "y", "x"]
const PLANES = [
  {across: 0, down: 1, right: 2}, {across: 1, down: 0, right: 2}, {across: 2, down: 1, right: 0},
]
const by_id = (id) => document.getElementById(id)
const middle = ([a, b]) => (a + b) / 2
const whole_span = 1.02 * Math.max(...meta.extent.map(([a, b]) => b - a))
const view = {point: [...meta.point], centre: meta.extent.map(middle), span: whole_span}
let mode = "point"
let active = 0
let under_way = false
let asked_again = false
let number = 0
window.poreflux = {asked_at: 0, cut_at: 0, took: 0, served: 0, ready: false}

function clamp_point(point) {
  return point.map((p, i) => {
    const [a, b] = meta.extent[i]
    const half = meta.spacing[i] / 2
    return Math.min(Math.max(p, a + half), b - half)
  })
}

function draw_view() {
  DIMS.forEach((dim, i) => {
    const [low, high] = [view.centre[i] - view.span / 2, view.centre[i] + view.span / 2]
    ranges[`${dim}_right`].setv({start: low, end: high})
    ranges[`${dim}_down`].setv({start: high, end: low})
  })
}

function draw_point() {
  for (const [dim, lines] of Object.entries(crosses)) {
    for (const line of lines) line.location = view.point[DIMS.indexOf(dim)]
  }
  draw_map_cross()
}

// one request at a time: what was asked for while it was under way is asked for once, at its end
function ask() {
  if (under_way) { asked_again = true; return }
  under_way = true
  number += 1
  const ends = view.centre.flatMap((c) => [c - view.span / 2, c + view.span / 2])
  const pixels = figures[0].inner_width * (window.devicePixelRatio || 1)
  window.poreflux.asked_at = performance.now()
  state.wanted = [number, ...view.point, ...ends, pixels]
}

state.connect(state.properties.served.change, () => {
  under_way = false
  window.poreflux.took = performance.now() - window.poreflux.asked_at
  window.poreflux.served = state.served
  if (asked_again) { asked_again = false; ask() }
})

function go_to(point) {
  view.point = clamp_point(point)
  const outside = view.point.some((p, i) => Math.abs(p - view.centre[i]) > view.span / 2)
  if (outside) { view.centre = [...view.point]; draw_view() }
  draw_point()
  ask()
}

function point_in(plane, event) {
  const point = [...view.point]
  point[plane.right] = event.x
  point[plane.down] = event.y
  return point
}

function zoom(factor, about) {
  const finest = 8 * Math.min(...meta.spacing)
  const span = Math.min(Math.max(view.span * factor, finest), 2 * whole_span)
  view.centre = view.centre.map((c, i) => about[i] + (c - about[i]) * span / view.span)
  view.span = span
  draw_view()
  ask()
}

function show_whole() {
  view.centre = meta.extent.map(middle)
  view.span = whole_span
  draw_view()
  ask()
}

function step(axis, voxels) {
  const point = [...view.point]
  point[axis] += voxels * meta.spacing[axis]
  go_to(point)
}

const HINTS = {
  point: "click or drag: the other slices follow · wheel: zoom",
  move: "drag: move the view · wheel: zoom",
  box: "drag a rectangle; its depth is set in another slice",
}

function set_mode(name) {
  mode = name
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.classList.toggle("on", button.dataset.mode == name)
    button.setAttribute("aria-checked", button.dataset.mode == name)
  }
  by_id("hint").textContent = HINTS[name]
}

figures.forEach((figure, i) => {
  const plane = PLANES[i]
  let held = null
  const host = document.querySelectorAll(".grid > div")[[0, 2, 1][i]]
  host.addEventListener("wheel", (event) => event.preventDefault(), {passive: false})
  host.addEventListener("pointerenter", () => {
    active = i
    for (const other of document.querySelectorAll(".grid > div")) {
      other.classList.toggle("active", other === host)
    }
  })
  figure.on_event("tap", (event) => { if (mode == "point") go_to(point_in(plane, event)) })
  figure.on_event("wheel", (event) => {
    const about = [...view.point]
    about[plane.right] = event.x
    about[plane.down] = event.y
    zoom(Math.exp(-event.delta / 500), about)
  })
  figure.on_event("panstart", (event) => {
    held = {x: event.x, y: event.y, centre: [...view.centre], sx: event.sx, sy: event.sy}
    if (mode == "box") begin_box(plane, event)
  })
  figure.on_event("pan", (event) => {
    if (mode == "point") go_to(point_in(plane, event))
    if (mode == "box") drag_box(plane, event)
    if (mode == "move" && held) {
      const size = view.span / figure.inner_width
      view.centre = [...held.centre]
      view.centre[plane.right] -= (event.sx - held.sx) * size
      view.centre[plane.down] -= (event.sy - held.sy) * size
      draw_view()
      ask()
    }
  })
  figure.on_event("panend", () => {
    held = null
    if (mode == "box") end_box()
  })
})

function shown(value) {
  if (!Number.isFinite(value)) return "–"
  const size = Math.abs(value)
  if (size != 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3)
  return String(Number(value.toPrecision(5)))
}

function fill_table(id, rows) {
  const body = by_id(id).tBodies[0]
  body.replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr")
    cells.forEach((text, i) => {
      const cell = document.createElement(i == 0 ? "th" : "td")
      cell.textContent = text
      row.append(cell)
    })
    return row
  }))
  return body.rows
}

function tell_point() {
  const voxel = view.point.map((p, i) => Math.floor((p - meta.origin[i]) / meta.spacing[i]))
  const place = (list) => [...list].reverse().join(", ")
  const rows = [
    ["x, y, z", `${place(view.point.map(shown))} µm`],
    ["voxel x, y, z", place(voxel)],
  ]
  for (const [name, value] of Object.entries(state.told.values ?? {})) {
    const label = name == "phase" ? meta.phases[String(value)] ?? "outside" : null
    const {title, unit} = meta.titles[name] ?? {title: name, unit: ""}
    rows.push([title, label ?? `${shown(value === null ? NaN : value)} ${unit}`])
  }
  fill_table("point", rows)
  by_id("level").textContent = state.told.level ?? ""
}

state.connect(state.properties.told.change, tell_point)
