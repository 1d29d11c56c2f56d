// Buttons, keys, light and dark; the last of the files that run when the page is there.

function tell_lines() {
  const line = by_id("line")
  if (line === null || state.threshold === undefined) return
  const cut = String(state.threshold)
  const bright = state.dark ? "" : " --pore bright"
  const over = state.outcome.has_phases ? " --overwrite" : ""
  line.textContent =
    `poreflux segment ${meta.store_quoted} --method threshold --threshold ${cut}${bright}${over}`
  by_id("toml").textContent = [
    "[segmentation]", 'method = "threshold"', `threshold = ${cut}`,
    ...(state.dark ? [] : ['pore = "bright"']),
  ].join("\n")
}

function tell_outcome() {
  if (by_id("write") === null) return
  const {running, share, note, said, failed} = state.outcome
  by_id("write").disabled = running
  by_id("write").textContent = state.outcome.has_phases ? "replace the phases now" : "write it now"
  by_id("progress").hidden = !running
  by_id("progress").value = share ?? 0
  by_id("outcome").textContent = running ? note ?? "" : said ?? ""
  by_id("outcome").classList.toggle("failed", Boolean(failed))
  const option = by_id("overlay").querySelector('option[value="phase"]')
  if (state.outcome.has_phases && option === null) {
    by_id("overlay").add(new Option("phases", "phase"), 1)
  }
  meta.phases = state.outcome.phases ?? meta.phases
  tell_lines()
  show_overlay()
  if (said) ask()
}

state.connect(state.properties.outcome.change, tell_outcome)
by_id("write")?.addEventListener("click", () => {
  if (state.outcome.has_phases && !window.confirm("Replace the phases that are in the store?")) return
  state.command = `segment ${performance.now()}`
})

function set_dark(dark) {
  document.documentElement.classList.toggle("dark", dark)
  by_id("dark").textContent = dark ? "light" : "dark"
  const style = getComputedStyle(document.documentElement)
  const [ink, ground, line] = ["--ink", "--ground", "--line"].map((v) => style.getPropertyValue(v).trim())
  const soft = style.getPropertyValue("--card").trim()
  for (const figure of all_figures) {
    const inside = figure.name.startsWith("slice_") ? {} : {background_fill_color: soft}
    const border = figure.name.startsWith("slice_") || figure.name == "histogram" ? ground : soft
    figure.setv({border_fill_color: border, border_line_color: null, outline_line_color: line, ...inside})
    for (const axis of [...figure.below, ...figure.left]) {
      axis.setv({
        axis_line_color: line, major_tick_line_color: line, minor_tick_line_color: null,
        major_label_text_color: ink, axis_label_text_color: ink, axis_label_text_font_style: "normal",
      })
    }
    for (const bar of figure.right) {
      bar.setv({major_label_text_color: ink, major_tick_line_color: line, bar_line_color: line})
    }
    for (const grid of figure.center.filter((c) => c.type == "Grid")) grid.grid_line_color = line
  }
  const link = style.getPropertyValue("--method").trim()
  for (const [model, property] of inked) model[property] = {value: link}
}

const KEYS = {
  ArrowLeft: (n) => step(PLANES[active].right, -n),
  ArrowRight: (n) => step(PLANES[active].right, n),
  ArrowUp: (n) => step(PLANES[active].down, -n),
  ArrowDown: (n) => step(PLANES[active].down, n),
  PageUp: (n) => step(PLANES[active].across, -n),
  PageDown: (n) => step(PLANES[active].across, n),
  "+": () => zoom(0.8, view.point),
  "=": () => zoom(0.8, view.point),
  "-": () => zoom(1.25, view.point),
  r: show_whole,
  o: toggle_overlay,
  p: () => set_mode("point"),
  m: () => set_mode("move"),
  b: () => { if (has_gray) set_mode("box") },
  "[": () => set_threshold(state.threshold - 2 * (state.histogram.half || state.histogram.step)),
  "]": () => set_threshold(state.threshold + 2 * (state.histogram.half || state.histogram.step)),
  d: () => set_dark(!document.documentElement.classList.contains("dark")),
  h: () => by_id("keys").showModal(),
  "?": () => by_id("keys").showModal(),
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input[type=number], select, dialog")
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return
  const does = KEYS[event.key]
  if (does === undefined) return
  event.preventDefault()
  does(event.shiftKey ? 10 : 1)
})

for (const button of document.querySelectorAll("[data-mode]")) {
  button.addEventListener("click", () => set_mode(button.dataset.mode))
}
by_id("reset").addEventListener("click", show_whole)
by_id("dark").addEventListener("click", KEYS.d)
by_id("help").addEventListener("click", KEYS.h)

Object.assign(window.poreflux, {
  view, state, go_to, begin_again, set_threshold, figures: all_figures, waits: () => under_way,
})
// everything as it is when the page opens
function begin_again() {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close()
  set_mode("point")
  view.point = [...meta.point]
  set_overlay(meta.overlay)
  if (has_gray && state.histogram.methods) set_threshold(state.histogram.methods.otsu)
  draw_point()
  show_whole()
}

set_mode("point")
set_dark(window.matchMedia("(prefers-color-scheme: dark)").matches)
draw_view()
draw_point()
show_overlay()
by_id("overlay").value = state.overlay
if (map !== null) state.chosen = by_id("map").value
ask()
tell_outcome()
follow_counting()
// milliseconds from the address to the first painted image
requestAnimationFrame(() => requestAnimationFrame(() => {
  window.poreflux.shown_at = performance.now()
  window.poreflux.ready = true
}))
