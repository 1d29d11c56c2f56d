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
  if (!has_gray) return
  const {bins, planes, first, step: width} = state.boxed
  if (bins === undefined) return
  const bin = Math.min(Math.floor((state.threshold - first) / width + 1e-9), bins - 1)
  const cumulated = boxed.data.cumulated
  const porosity = []
  let [pores, voxels] = [0, 0]
  for (let i = 0; i < planes; i++) {
    const all = cumulated[i * bins + bins - 1]
    const dark = bin < 0 ? 0 : cumulated[i * bins + bin]
    const pore = state.dark ? dark : all - dark
    porosity.push(all > 0 ? pore / all : NaN)
    pores += pore
    voxels += all
  }
  profile.data = {z: state.boxed.z, porosity}
  const {size, mean, shape} = state.boxed
  const rows = [
    ["size x × y × z", `${[...size].reverse().map(shown).join(" × ")} µm`],
    ["voxels", `${voxels.toLocaleString("en")} (${[...shape].reverse().join(" × ")})`],
    ["porosity", voxels > 0 ? `${percent(pores / voxels, 3)} %` : "no voxel is inside"],
    ["mean grey value", shown(mean)],
  ]
  fill_table("boxed", rows)
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
