// A phase seen from any side, by casting parallel rays into its voxels; no other code needed.
"use strict";

/** Voxels of a phase in percent, seen from any side by casting parallel rays. */
class Solid {
  constructor(percent, shape, size) {
    Object.assign(this, { percent, shape, size });
    this.soft = this.smoothed();
    this.free = this.distances();
    this.stops = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
      [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
  }

  /** Mean of 27 voxels, for the directions of surfaces. */
  smoothed() {
    const [nz, ny, nx] = this.shape;
    let from = Float32Array.from(this.percent);
    for (const [step, count] of [[1, nx], [nx, ny], [nx * ny, nz]]) {
      const to = new Float32Array(from.length);
      for (let i = 0; i < from.length; i++) {
        const k = Math.floor(i / step) % count;
        to[i] = (from[k ? i - step : i] + from[i] + from[k < count - 1 ? i + step : i]) / 3;
      }
      from = to;
    }
    return from;
  }

  /** Voxels that are free in every direction: rays skip them at once. */
  distances() {
    const [nz, ny, nx] = this.shape, far = new Uint8Array(this.percent.length);
    for (let i = 0; i < far.length; i++) far[i] = this.percent[i] > 50 ? 0 : 30;
    const pass = (order) => {
      for (let a = 0; a < far.length; a++) {
        const i = order > 0 ? a : far.length - 1 - a;
        const z = Math.floor(i / (nx * ny)), y = Math.floor(i / nx) % ny, x = i % nx;
        let least = far[i];
        for (let dz = -1; dz <= 0 && least; dz++)
          for (let dy = -1; dy <= 1; dy++)
            for (let dx = -1; dx <= 1; dx++) {
              if (dz === 0 && (dy > 0 || (dy === 0 && dx >= 0))) continue;
              const Z = z + order * dz, Y = y + order * dy, X = x + order * dx;
              if (Z < 0 || Y < 0 || X < 0 || Z >= nz || Y >= ny || X >= nx) continue;
              least = Math.min(least, far[(Z * ny + Y) * nx + X] + 1);
            }
        far[i] = least;
      }
    };
    pass(1);
    pass(-1);
    return far;
  }

  /** Unit vectors right, down, forward of the viewer, components (z, y, x), z downwards. */
  static frame(azimuth, elevation) {
    const a = (azimuth * Math.PI) / 180, e = (elevation * Math.PI) / 180;
    const right = [0, Math.sin(a), Math.cos(a)];
    const forward = [Math.sin(e), Math.cos(e) * Math.cos(a), -Math.cos(e) * Math.sin(a)];
    const down = [
      right[1] * forward[2] - right[2] * forward[1],
      right[2] * forward[0] - right[0] * forward[2],
      right[0] * forward[1] - right[1] * forward[0],
    ];
    return [right, down[0] < 0 ? down.map((c) => -c) : down, forward];
  }

  /** Percentage between voxels, 0 outside. */
  at(z, y, x) {
    const [nz, ny, nx] = this.shape;
    const k = Math.floor(z - 0.5), j = Math.floor(y - 0.5), i = Math.floor(x - 0.5);
    const c = z - 0.5 - k, b = y - 0.5 - j, a = x - 0.5 - i;
    let sum = 0;
    for (let d = 0; d < 8; d++) {
      const Z = k + (d >> 2), Y = j + ((d >> 1) & 1), X = i + (d & 1);
      if (Z < 0 || Y < 0 || X < 0 || Z >= nz || Y >= ny || X >= nx) continue;
      const share = (d & 4 ? c : 1 - c) * (d & 2 ? b : 1 - b) * (d & 1 ? a : 1 - a);
      sum += share * this.percent[(Z * ny + Y) * nx + X];
    }
    return sum;
  }

  /** Direction in which the smoothed phase falls, in µm. */
  normal(z, y, x) {
    const [nz, ny, nx] = this.shape;
    const soft = (Z, Y, X) =>
      Z < 0 || Y < 0 || X < 0 || Z >= nz || Y >= ny || X >= nx ? 0 : this.soft[(Z * ny + Y) * nx + X];
    const k = Math.floor(z), j = Math.floor(y), i = Math.floor(x);
    const n = [
      (soft(k - 1, j, i) - soft(k + 1, j, i)) / this.size[0],
      (soft(k, j - 1, i) - soft(k, j + 1, i)) / this.size[1],
      (soft(k, j, i - 1) - soft(k, j, i + 1)) / this.size[2],
    ];
    const length = Math.hypot(...n) || 1;
    return n.map((c) => c / length);
  }

  colour(height) {
    const place = Math.min(Math.max(0.95 - 0.7 * height, 0), 1) * (this.stops.length - 1);
    const low = Math.min(Math.floor(place), this.stops.length - 2);
    return this.stops[low].map((c, k) => c + (place - low) * (this.stops[low + 1][k] - c));
  }

  /** Draw the phase below the plane `cut` (voxels along z) into a picture of so many pixels. */
  cast(pixels, view, cut) {
    const frame = Solid.frame(view.azimuth, view.elevation), [right, down, forward] = frame;
    const extent = this.shape.map((n, k) => n * this.size[k]);
    const middle = extent.map((length) => length / 2), reach = Math.hypot(...extent) / 2;
    const picture = new ImageData(pixels, pixels), out = picture.data;
    const step = forward.map((c, k) => c / this.size[k]); // voxels a µm along a ray
    const pace = 1 / Math.max(...step.map(Math.abs)); // µm until a ray has crossed a voxel
    const lamp = [-0.45, -0.75, -0.6].map((c) => c / Math.hypot(0.45, 0.75, 0.6));
    const light = [0, 1, 2].map((k) => lamp[0] * right[k] + lamp[1] * down[k] + lamp[2] * forward[k]);
    const low = [cut, 0, 0];
    for (let row = 0; row < pixels; row++)
      for (let column = 0; column < pixels; column++) {
        const u = ((column + 0.5) / pixels - 0.5) * 2 * reach, v = ((row + 0.5) / pixels - 0.5) * 2 * reach;
        const start = [0, 1, 2].map((k) => (middle[k] + u * right[k] + v * down[k]) / this.size[k]);
        let enter = -Infinity, leave = Infinity, face = 0;
        for (let k = 0; k < 3; k++) {
          if (Math.abs(step[k]) < 1e-9) {
            if (start[k] < low[k] || start[k] > this.shape[k]) leave = -Infinity;
            continue;
          }
          const ends = [(low[k] - start[k]) / step[k], (this.shape[k] - start[k]) / step[k]];
          const [first, last] = ends[0] < ends[1] ? ends : [ends[1], ends[0]];
          if (first > enter) [enter, face] = [first, k];
          leave = Math.min(leave, last);
        }
        let t = enter + 1e-6, hit = false;
        while (t < leave) {
          const p = start.map((s, k) => Math.min(Math.max(s + t * step[k], 0), this.shape[k] - 1e-6));
          const voxel = (Math.floor(p[0]) * this.shape[1] + Math.floor(p[1])) * this.shape[2] + Math.floor(p[2]);
          const free = this.free[voxel];
          if (free > 2) t += (free - 1.5) * pace;
          else if (this.at(...p) > 50 || (t < enter + 1e-5 && free === 0)) { hit = true; break; }
          else t += 0.4 * pace;
        }
        if (!hit) continue;
        const onFace = t < enter + 1e-5;
        if (!onFace) t -= 0.2 * pace;
        const p = start.map((s, k) => s + t * step[k]);
        const n = onFace ? [0, 0, 0] : this.normal(...p);
        if (onFace) n[face] = -Math.sign(step[face]);
        const diffuse = Math.max(0, n[0] * light[0] + n[1] * light[1] + n[2] * light[2]);
        const haze = 0.25 * Math.min(Math.max((t + reach) / (2 * reach), 0), 1);
        const shade = (0.45 + 0.55 * diffuse) * (1 - haze);
        const colour = this.colour(p[0] / this.shape[0]), place = 4 * (row * pixels + column);
        for (let k = 0; k < 3; k++) out[place + k] = colour[k] * shade;
        out[place + 3] = 255;
      }
    return { picture, frame, extent, middle, reach };
  }
}
