// What every map of ours draws: coordinates, ticks, scale bar, north, gaps.

const NICE = [1, 2, 5, 10];
const INK = "#222";
const FONT = '11px system-ui, "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif';

// Where a place of the map stands on the canvas, and back.
function makeLook(place, size) {
  const [west, east, bottom, top] = place.edges;
  const up = top >= bottom ? 1 : -1;
  const look = { x: (west + east) / 2, y: (bottom + top) / 2, scale: 1, moved: false };
  look.home = () => {
    const [width, height] = size();
    look.x = (west + east) / 2;
    look.y = (bottom + top) / 2;
    const tall = Math.abs(top - bottom) * place.aspect;
    look.scale = 0.97 * Math.min(width / (east - west), height / tall);
    look.least = look.scale / 4;
    look.most = look.scale * 20000;
    look.moved = false;
  };
  look.toX = (x) => size()[0] / 2 + (x - look.x) * look.scale;
  look.toY = (y) => size()[1] / 2 - (y - look.y) * look.scale * place.aspect * up;
  look.fromX = (px) => look.x + (px - size()[0] / 2) / look.scale;
  look.fromY = (py) => look.y - (py - size()[1] / 2) / (look.scale * place.aspect * up);
  look.zoom = (factor, px, py) => {
    const [x, y] = [look.fromX(px), look.fromY(py)];
    look.scale = Math.max(look.least, Math.min(look.most, look.scale * factor));
    look.x += x - look.fromX(px);
    look.y += y - look.fromY(py);
    look.moved = true;
  };
  look.move = (dx, dy) => {
    look.x -= dx / look.scale;
    look.y += (dy * up) / (look.scale * place.aspect);
    look.moved = true;
  };
  return look;
}

// Longitude and latitude between the nodes the kernel worked out.
function lonLat(place, x, y) {
  const nodes = place.nodes;
  if (!nodes) return null;
  const [west, east, bottom, top] = place.edges;
  const u = ((x - west) / (east - west)) * (nodes.n - 1);
  const v = ((y - top) / (bottom - top)) * (nodes.n - 1);
  if (u < 0 || v < 0 || u > nodes.n - 1 || v > nodes.n - 1) return null;
  const i = Math.min(Math.floor(u), nodes.n - 2), j = Math.min(Math.floor(v), nodes.n - 2);
  const [a, b] = [u - i, v - j];
  const at = (values) => {
    const k = j * nodes.n + i;
    return (1 - b) * ((1 - a) * values[k] + a * values[k + 1])
      + b * ((1 - a) * values[k + nodes.n] + a * values[k + nodes.n + 1]);
  };
  return [at(nodes.lon), at(nodes.lat)];
}

function coordinates(place, x, y) {
  if (place.kind === "geographic") return `${x.toFixed(4)}°, ${y.toFixed(4)}° (${place.datum})`;
  const own = place.kind === "counted"
    ? `${Math.floor(y) + 1}, ${Math.floor(x) + 1}`
    : `${x.toFixed(1)}, ${y.toFixed(1)}`;
  const found = lonLat(place, x, y);
  const far = found ? `   ·   ${found[0].toFixed(4)}°, ${found[1].toFixed(4)}° (${place.datum})` : "";
  return own + far;
}

function hatch(pen) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const own = tile.getContext("2d");
  own.fillStyle = "#ececec";
  own.fillRect(0, 0, 8, 8);
  own.strokeStyle = "#c4c4c4";
  own.beginPath();
  for (const at of [-8, 0, 8]) { own.moveTo(at, 8); own.lineTo(at + 8, 0); }
  own.stroke();
  return pen.createPattern(tile, "repeat");
}

function textAt(pen, text, x, y, align = "left", colour = INK) {
  pen.font = FONT;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.strokeStyle = "rgba(255,255,255,.9)";
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

function drawTicks(pen, look, place, width, height) {
  const scale = place.kind === "projected" ? 0.001 : 1;
  const xs = ticks(look.fromX(50) * scale, look.fromX(width - 40) * scale, Math.max(2, width / 130));
  const ends = [look.fromY(height - 20) * scale, look.fromY(20) * scale].sort((a, b) => a - b);
  const ys = ticks(ends[0], ends[1], Math.max(2, height / 110));
  const said = (values, at, unit) => short(at, values.length > 1 ? values[1] - values[0] : 0) + unit;
  const unit = place.kind === "projected" ? "" : place.kind === "geographic" ? "°" : "";
  for (const at of xs) {
    const px = look.toX(at / scale);
    pen.strokeStyle = INK;
    pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(px, height); pen.lineTo(px, height - 5); pen.stroke();
    textAt(pen, said(xs, at, unit), px, height - 13, "center");
  }
  for (const at of ys) {
    const py = look.toY(at / scale);
    pen.strokeStyle = INK;
    pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(width, py); pen.lineTo(width - 5, py); pen.stroke();
    textAt(pen, said(ys, at, unit), width - 8, py, "right");
  }
}

function drawScale(pen, look, place, words, height) {
  const metres = place.metres || 1;
  const most = (110 / look.scale) * metres;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = Math.max(...NICE.map((n) => n * power).filter((n) => n <= most));
  const wide = (length / metres) * look.scale;
  const [x, y] = [12, height - 40];
  pen.fillStyle = "rgba(255,255,255,.8)";
  pen.fillRect(x - 5, y - 15, wide + 10, 26);
  pen.lineWidth = 1;
  pen.strokeStyle = INK;
  ["#222", "#fff"].forEach((colour, i) => {
    pen.fillStyle = colour;
    pen.fillRect(x + (i * wide) / 2, y + 2, wide / 2, 5);
    pen.strokeRect(x + (i * wide) / 2, y + 2, wide / 2, 5);
  });
  const text = !place.metres ? `${length} ${words.local_unit}`
    : length >= 1000 ? `${length / 1000} km` : `${Number(length.toPrecision(3))} m`;
  textAt(pen, text, x + wide / 2, y - 6, "center");
}

function drawNorth(pen, words, width) {
  const x = width - 20;
  pen.lineWidth = 1;
  pen.strokeStyle = INK;
  [[-6, INK], [6, "#fff"]].forEach(([dx, colour]) => {
    pen.beginPath(); pen.moveTo(x, 10); pen.lineTo(x, 28); pen.lineTo(x + dx, 33); pen.closePath();
    pen.fillStyle = colour; pen.fill(); pen.stroke();
  });
  textAt(pen, words.north, x, 42, "center");
}
