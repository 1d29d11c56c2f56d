// What the page does where scripts run: figures to save as SVG, maps as CSV, and phases to turn.
"use strict";

/** Offer bytes or text as a file. */
function save(name, kind, parts) {
  const address = URL.createObjectURL(new Blob(parts, { type: kind }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Return a button in the style of the downloads. */
function button(words, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: words });
  made.className = "download";
  made.addEventListener("click", action);
  return made;
}

/** Return a figure's drawing as a file of its own, its colours fixed. */
function standalone(drawing) {
  const text = new XMLSerializer().serializeToString(drawing);
  return text.replace(/var\(--\w+, (#\w+)\)/g, "$1");
}

for (const figure of document.querySelectorAll("figure[id]")) {
  const drawing = figure.querySelector(".drawing svg");
  const name = figure.id.replace("figure-", "") + ".svg";
  if (drawing) {
    const action = () => save(name, "image/svg+xml", [standalone(drawing)]);
    figure.querySelector(".downloads").append(button(name, action));
  }
}

/** Return the bytes of a text that was deflated and written in base 64. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A picture that follows the pointer, the arrow keys and a slider. */
class Turntable {
  constructor(holder, solid, view) {
    this.solid = solid;
    this.view = view;
    this.canvas = Object.assign(document.createElement("canvas"), { tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "The phase as a solid; drag or use the arrow keys to turn it.");
    this.slider = Object.assign(document.createElement("input"), { type: "range", min: 0, value: 0 });
    this.slider.max = solid.shape[0] - 1;
    this.words = document.createElement("label");
    holder.replaceChildren(this.canvas, this.words, this.slider);
    holder.hidden = false;
    this.listen();
    this.draw(this.fine());
  }

  fine() {
    return Math.min(560, Math.round((this.canvas.clientWidth || 420) * Math.min(devicePixelRatio, 1.5)));
  }

  listen() {
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY];
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.turn(0.5 * (event.clientX - from[0]), 0.5 * (event.clientY - from[1]));
      from = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"])
      this.canvas.addEventListener(name, () => { from = null; this.draw(this.fine()); });
    const keys = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
    this.canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      this.turn(...keys[event.key]);
    });
    this.slider.addEventListener("input", () => this.soon());
  }

  turn(across, down) {
    this.view.azimuth = (this.view.azimuth - across + 360) % 360;
    this.view.elevation = Math.min(Math.max(this.view.elevation + down, -89), 89);
    this.soon();
  }

  /** Draw a coarse picture at the next frame, and a fine one when nothing more comes. */
  soon() {
    this.waiting ||= requestAnimationFrame(() => { this.waiting = 0; this.draw(200); });
    clearTimeout(this.later);
    this.later = setTimeout(() => this.draw(this.fine()), 250);
  }

  draw(pixels) {
    const cut = Number(this.slider.value), found = this.solid.cast(pixels, this.view, cut);
    const µm = cut * this.solid.size[0];
    this.words.textContent = cut ? `cut at z = ${µm.toPrecision(3)} µm` : "cut off along z";
    this.canvas.width = this.canvas.height = pixels;
    const pen = this.canvas.getContext("2d");
    const layer = new OffscreenCanvas(pixels, pixels);
    layer.getContext("2d").putImageData(found.picture, 0, 0);
    this.edges(pen, pixels, found, false);
    pen.drawImage(layer, 0, 0);
    this.edges(pen, pixels, found, true);
    this.canvas.dataset.drawn = `${Math.round(this.view.azimuth)} ${Math.round(this.view.elevation)} ${cut} ${pixels}`;
  }

  /** Draw the edges of the box that lie before the phase, or those behind it, and their names. */
  edges(pen, pixels, { frame, extent, middle, reach }, before) {
    const seen = (corner) => {
      const r = corner.map((bit, k) => bit * extent[k] - middle[k]);
      const [c, d, depth] = frame.map((axis) => axis[0] * r[0] + axis[1] * r[1] + axis[2] * r[2]);
      return [(c / reach / 2 + 0.5) * pixels, (d / reach / 2 + 0.5) * pixels, depth];
    };
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [bits >> 2, (bits >> 1) & 1, bits & 1]);
    const far = corners.reduce((a, b) => (seen(a)[2] > seen(b)[2] ? a : b)).join();
    pen.strokeStyle = "#8b949e";
    pen.fillStyle = getComputedStyle(this.canvas).color;
    pen.font = `${Math.round(pixels / 32)}px sans-serif`;
    pen.lineWidth = pixels / 420;
    for (const corner of corners)
      for (let k = 0; k < 3; k++) {
        if (corner[k]) continue;
        const other = corner.with(k, 1);
        if (before === (far === corner.join() || far === other.join())) continue;
        const a = seen(corner), b = seen(other);
        pen.beginPath();
        pen.moveTo(a[0], a[1]);
        pen.lineTo(b[0], b[1]);
        pen.stroke();
        if (corner.join() === "0,0,0" && Math.hypot(a[0] - b[0], a[1] - b[1]) > pixels / 10)
          pen.fillText("zyx"[k], (a[0] + 2 * b[0]) / 3 + 4, (a[1] + 2 * b[1]) / 3 - 4);
      }
  }
}

/** Return a text as a cell of a table. */
function cell(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Yield the indices of each number of an array of a shape. */
function* places(shape) {
  const at = shape.map(() => 0);
  for (let n = shape.reduce((a, b) => a * b); n; n--) {
    yield at;
    for (let k = shape.length; k-- && ++at[k] === shape[k]; ) at[k] = 0;
  }
}

/** Return the numbers that an attribute of an element lists. */
function listed(holder, key) {
  return holder.dataset[key].split(",").map(Number);
}

/** Write the voxels of a phase, those without any left out. */
function savePores(name, voxels, shape, size) {
  const lines = ["z [um],y [um],x [um],percent"];
  let i = 0;
  for (const at of places(shape)) {
    const value = voxels[i++];
    if (value) lines.push(`${at.map((n, k) => ((n + 0.5) * size[k]).toPrecision(6)).join()},${value}`);
  }
  save(name, "text/csv", [lines.join("\n") + "\n"]);
}

/** Let the phases of a figure be turned: one, or those of several samples in turn. */
function letTurn(figure, holders) {
  const still = figure.querySelector(".drawing"), choice = document.createElement("p");
  choice.className = "choice";
  still.after(choice);
  const view = { azimuth: 32, elevation: 24 };
  for (const holder of holders) {
    const [shape, size] = [listed(holder, "shape"), listed(holder, "size")];
    const sample = holder.dataset.sample || "", percent = unpacked(holder.textContent);
    holder.textContent = "";
    let table;
    const turn = button(sample ? `Turn ${sample}` : "Turn it", async () => {
      still.classList.add("under");
      for (const other of holders) other.hidden = other !== holder;
      for (const other of choice.children) other.setAttribute("aria-pressed", other === turn);
      if (!sample) turn.remove();
      if (table) return table.soon();
      table = new Turntable(holder, new Solid(await percent, shape, size), view);
    });
    choice.append(turn);
    const name = sample ? `pores-${sample}.csv` : "pores.csv";
    figure.querySelector(".downloads").append(
      button(sample ? `CSV of ${sample}` : "CSV", async () => savePores(name, await percent, shape, size)),
    );
  }
}

/** Write the maps of all samples of a figure below each other. */
async function saveMaps(name, holders) {
  const lines = [`sample,${holders[0].dataset.header}`];
  for (const holder of holders) {
    const [shape, start, spacing] = ["shape", "start", "spacing"].map((key) => listed(holder, key));
    const step = Number(holder.dataset.step), digits = Math.max(0, -Math.round(Math.log10(step)));
    const values = new Int16Array((await unpacked(holder.textContent)).buffer);
    const first = cell(holder.dataset.sample);
    let i = 0;
    for (const at of places(shape)) {
      const value = values[i++];
      const where = at.map((n, k) => Number((start[k] + n * spacing[k]).toPrecision(7)));
      lines.push(`${first},${where.join()},${value === -32768 ? "" : (value * step).toFixed(digits)}`);
    }
  }
  save(name, "text/csv", [lines.join("\n") + "\n"]);
}

for (const figure of document.querySelectorAll("figure[id]")) {
  const solids = [...figure.querySelectorAll(".turn")], maps = [...figure.querySelectorAll(".grid")];
  if (solids.length) letTurn(figure, solids);
  if (!maps.length) continue;
  const table = button("CSV", () => saveMaps(figure.id.replace("figure-", "") + ".csv", maps));
  table.title = `values rounded to ${maps[0].dataset.step}`;
  figure.querySelector(".downloads").append(table);
}
