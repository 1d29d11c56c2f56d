// Maps of the results: a spot that is clicked is where the slices go.

let spot = 0

function map_value_at(x, y) {
  const {image, x: [x0], y: [y0], dw: [dw], dh: [dh]} = map.source.data
  const values = image[0]
  const [rows, columns] = values.shape
  const [row, column] = [Math.floor((y - y0) / dh * rows), Math.floor((x - x0) / dw * columns)]
  if (row < 0 || column < 0 || row >= rows || column >= columns) return null
  return values[row * columns + column]
}

function draw_map_cross() {
  if (map === null || state.mapped.right === undefined) return
  map.cross[0].location = view.point[state.mapped.right]
  map.cross[1].location = view.point[state.mapped.down]
}

function tell_map() {
  if (map === null || state.mapped.right === undefined || !map.source.data.image.length) return
  const {title, unit, right, down} = state.mapped
  const value = map_value_at(view.point[right], view.point[down])
  by_id("map-told").textContent = value === null ? "" : `${title}: ${shown(value)} ${unit} at the point`
  by_id("map-told").dataset.value = value
}

function go_to_spot(list, index) {
  const spots = state.mapped[list] ?? []
  if (!spots.length) return
  spot = ((index % spots.length) + spots.length) % spots.length
  go_to(spots[spot].point.map((p, i) => p ?? view.point[i]))
}

if (map !== null) {
  map.figure.on_event("tap", (event) => {
    const {right, down, across, position} = state.mapped
    const point = [...view.point]
    point[right] = event.x
    point[down] = event.y
    if (position !== null) point[across] = position
    go_to(point)
  })
  state.connect(state.properties.mapped.change, () => { spot = 0; draw_map_cross(); tell_map() })
  state.connect(state.properties.told.change, tell_map)
  map.source.connect(map.source.properties.data.change, tell_map)
  by_id("map").addEventListener("change", (event) => { state.chosen = event.target.value })
  by_id("highest").addEventListener("click", () => go_to_spot("highest", 0))
  by_id("next").addEventListener("click", () => go_to_spot("highest", spot + 1))
  by_id("lowest").addEventListener("click", () => go_to_spot("lowest", 0))
}
