// The box: dragged on a slice, its depth in another; its numbers are of all its voxels.

let corners = null
let begun_at = null

function draw_box() {
  boxes.forEach((box, i) => {
    if (corners === null) { box.visible = false; return }
    const {right, down} = PLANES[i]
    const [left, stop] = corners[right]
    const [bottom, top] = corners[down]
    box.setv({left, right: stop, bottom, top, visible: true})
  })
}

function begin_box(plane, event) {
  begun_at = {x: event.x, y: event.y, plane}
}

function drag_box(plane, event) {
  if (begun_at === null) return
  const ends = (a, b, axis) => {
    const [low, high] = meta.extent[axis]
    const inside = [a, b].map((v) => Math.min(Math.max(v, low), high)).sort((p, q) => p - q)
    return inside
  }
  const drawn = corners === null ? null : [...corners]
  const across = ends(begun_at.x, event.x, plane.right)
  const along = ends(begun_at.y, event.y, plane.down)
  const depth = Math.min(across[1] - across[0], along[1] - along[0]) / 2
  const at = view.point[plane.across]
  corners = [null, null, null]
  corners[plane.right] = across
  corners[plane.down] = along
  const kept = drawn?.[plane.across]
  corners[plane.across] = kept ?? ends(at - depth, at + depth, plane.across)
  draw_box()
}

function end_box() {
  begun_at = null
  if (corners === null) return
  // whole voxels
  const numbers = corners.flatMap(([a, b], i) => {
    const [h, o] = [meta.spacing[i], meta.origin[i]]
    const low = Math.round((a - o) / h)
    const high = Math.max(Math.round((b - o) / h), low + 1)
    return [o + low * h, o + high * h]
  })
  corners = [0, 2, 4].map((i) => [numbers[i], numbers[i + 1]])
  draw_box()
  state.box = numbers
}

// porosity of each plane of the box, or of some together, from its counts
function draw_profile() {
  if (!has_gray || state.boxed.bins === undefined) return
  const {bins, planes, edge, width, z} = state.boxed
  const cumulated = boxed.data.cumulated
  // within a bin of several grey values they are taken as equally frequent
  const place = Math.min(Math.max((state.threshold + state.histogram.half - edge) / width, 0), bins)
  const bin = Math.floor(place)
  const up_to = (row, i) => i == 0 ? 0 : cumulated[row * bins + Math.min(i, bins) - 1]
  const porosity = []
  let [pores, voxels] = [0, 0]
  for (let row = 0; row < planes; row++) {
    const all = up_to(row, bins)
    const below = up_to(row, bin)
    const dark = below + (place - bin) * (up_to(row, bin + 1) - below)
    const pore = state.dark ? dark : all - dark
    porosity.push(all > 0 ? pore / all : NaN)
    pores += pore
    voxels += all
  }
  profile.data = {z, porosity}
  const highest = Math.max(...porosity.filter(Number.isFinite), 1e-9)
  const half = planes > 1 ? (z[1] - z[0]) / 2 : meta.spacing[0] / 2
  profile_figure.x_range.setv({start: z[0] - half, end: z[planes - 1] + half})
  profile_figure.y_range.setv({start: 0, end: 1.15 * highest})
  const {size, mean, shape} = state.boxed
  const list = (values) => [...values].reverse().join(" × ")
  fill_table("boxed", [
    ["size x × y × z", `${list(size.map(shown))} µm`],
    ["voxels", `${voxels.toLocaleString("en")} (${list(shape)})`],
    ["porosity", voxels > 0 ? `${percent(pores / voxels, 2)} %` : "no voxel is inside"],
    ["mean grey value", shown(mean ?? NaN)],
  ])
  by_id("boxed").dataset.porosity = pores / voxels
  by_id("boxed").dataset.voxels = voxels
}

if (has_gray) {
  state.connect(state.properties.boxed.change, () => {
    const {share, failure} = state.boxed
    by_id("box-hint").textContent = failure ?? (
      share < 1 ? `${percent(share, 0)} % of the box is counted` : "all its voxels, by the threshold above; porosity along z:")
    by_id("profile-place").hidden = state.boxed.bins === undefined
    draw_profile()
  })
}
