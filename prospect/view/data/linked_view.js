// A plot and a map of the same samples: a box drawn in one marks them in both.

const EDGE = { left: 60, right: 12, top: 10, bottom: 42 };

// Axis of a plot: from a value to a pixel and back, with its ticks.
function makeAxis(values, log, from, to) {
  const used = values.filter((v) => v !== null && (!log || v > 0)).map((v) => (log ? Math.log10(v) : v));
  let [low, high] = used.length ? [Infinity, -Infinity] : [0, 1];
  for (const v of used) { low = Math.min(low, v); high = Math.max(high, v); }
  const pad = (high - low) * 0.05 || Math.abs(low) * 0.05 || 0.5;
  [low, high] = [low - pad, high + pad];
  const at = (v) => from + (((log ? Math.log10(v) : v) - low) / (high - low)) * (to - from);
  if (!log) {
    const found = ticks(low, high, Math.abs(to - from) / 80);
    const step = found.length > 1 ? found[1] - found[0] : 0;
    return { at, ticks: found.map((v) => [v, short(v, step)]) };
  }
  const found = [];
  const fine = high - low < 2.2 ? [1, 2, 5] : [1];
  for (let power = Math.floor(low); power <= high; power++)
    for (const n of fine) {
      const v = n * 10 ** power;
      if (Math.log10(v) >= low && Math.log10(v) <= high) found.push([v, String(Number(v.toPrecision(6)))]);
    }
  return { at, ticks: found };
}

function drawSample(pen, x, y, colour, { hollow = false, marked = false, faint = false, radius = 3.4 } = {}) {
  pen.globalAlpha = faint ? 0.25 : 1;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  if (!hollow) { pen.fillStyle = colour; pen.fill(); }
  pen.lineWidth = hollow ? 1.4 : marked ? 1.3 : 0.5;
  pen.strokeStyle = hollow ? colour : marked ? "#000" : "rgba(255,255,255,.9)";
  pen.stroke();
  pen.globalAlpha = 1;
}

// Arrow from a limit of detection towards where the value lies.
function drawTowards(pen, x, y, dx, dy, colour, faint) {
  pen.globalAlpha = faint ? 0.25 : 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.2;
  const [tx, ty] = [x + 11 * dx, y + 11 * dy];
  pen.beginPath();
  pen.moveTo(x + 4 * dx, y + 4 * dy);
  pen.lineTo(tx, ty);
  pen.moveTo(tx - 3 * dx - 2.5 * dy, ty - 3 * dy - 2.5 * dx);
  pen.lineTo(tx, ty);
  pen.lineTo(tx - 3 * dx + 2.5 * dy, ty - 3 * dy + 2.5 * dx);
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawPlotFrame(pen, axes, titles, width, height) {
  const inside = { x0: EDGE.left, x1: width - EDGE.right, y0: height - EDGE.bottom, y1: EDGE.top };
  for (const [v, text] of axes.x.ticks) {
    const px = axes.x.at(v);
    pen.strokeStyle = "#e2e2e2";
    pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(px, inside.y0); pen.lineTo(px, inside.y1); pen.stroke();
    textAt(pen, text, px, inside.y0 + 12, "center");
  }
  for (const [v, text] of axes.y.ticks) {
    const py = axes.y.at(v);
    pen.strokeStyle = "#e2e2e2";
    pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(inside.x0, py); pen.lineTo(inside.x1, py); pen.stroke();
    textAt(pen, text, inside.x0 - 6, py, "right");
  }
  pen.strokeStyle = "#6b6b6b";
  pen.lineWidth = 1;
  pen.strokeRect(inside.x0, inside.y1, inside.x1 - inside.x0, inside.y0 - inside.y1);
  textAt(pen, titles.x, (inside.x0 + inside.x1) / 2, height - 10, "center");
  pen.save();
  pen.translate(12, (inside.y0 + inside.y1) / 2);
  pen.rotate(-Math.PI / 2);
  textAt(pen, titles.y, 0, 0, "center");
  pen.restore();
}

function drawColours(box, legend, title, below, words) {
  box.replaceChildren();
  const add = (label, mark) => {
    const one = element("span");
    one.append(mark, document.createTextNode(label));
    box.append(one);
  };
  if (title) box.append(element("b", {}, title));
  if (legend.stops) {
    const ramp = element("i", { class: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${legend.stops.join(",")})`;
    const [low, high] = legend.ends.map((v) => String(Number(v.toPrecision(3))).replace("-", "−"));
    const one = element("span");
    one.append(
      document.createTextNode((["min", "both"].includes(legend.extend) ? "≤ " : "") + low), ramp,
      document.createTextNode((["max", "both"].includes(legend.extend) ? "≥ " : "") + high),
    );
    box.append(one);
  }
  (legend.entries || []).forEach(([label, colour]) => {
    const mark = element("i");
    mark.style.background = colour;
    add(label, mark);
  });
  if (below) add(words.below_detection, element("i", { class: "hollow" }));
}

function render({ model, el }) {
  hideStill(model, el);
  const words = model.get("words"), data = model.get("data"), place = model.get("place");
  const titles = model.get("titles"), height = model.get("height"), count = data.labels.length;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  el.classList.add("pv", "pv-linked");

  const bar = element("div", { class: "bar" });
  for (const name of ["log_x", "log_y"]) {
    const label = element("label"), tick = element("input", { type: "checkbox" });
    tick.checked = model.get(name);
    tick.addEventListener("change", () => { model.set(name, tick.checked); model.save_changes(); });
    model.on(`change:${name}`, () => { tick.checked = model.get(name); drawAll(); });
    label.append(tick, document.createTextNode(words[name]));
    bar.append(label);
  }
  const clear = element("button", { type: "button" }, words.clear);
  clear.addEventListener("click", () => mark([], false));
  bar.append(clear, element("span", { class: "quiet" }, words.linked_hint));
  const body = element("div", { class: "body" });
  const legend = element("div", { class: "legend" });
  const told = element("div", { class: "told" }), left = element("div", { class: "quiet" });
  el.append(bar, body, legend, told, left);

  const mark = (rows, keep) => {
    const all = new Set(keep ? model.get("marked") : []);
    rows.forEach((row) => all.add(row));
    model.set("marked", [...all].sort((a, b) => a - b));
    model.save_changes();
  };

  // A canvas whose samples one can box in: `places` gives their pixels, `paint` draws.
  const makeSide = (title, place, paint) => {
    const frame = element("div", { class: "frame" });
    body.append(frame);
    const side = { size: [300, height], at: [], box: null };
    const draw = () => {
      const [width] = side.size;
      side.at = place(side.size);
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, width, height);
      paint(pen, side);
      if (!side.box) return;
      const [x0, y0, x1, y1] = side.box;
      pen.fillStyle = "rgba(0,114,178,.12)";
      pen.strokeStyle = "#0072b2";
      pen.lineWidth = 1;
      pen.fillRect(x0, y0, x1 - x0, y1 - y0);
      pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    };
    const { canvas, pen, stop } = canvasIn(frame, height, (width) => { side.size = [width, height]; draw(); });
    canvas.setAttribute("aria-label", title);
    const tip = element("div", { class: "tip", hidden: "" });
    frame.append(tip);
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [x, y] = placeIn(canvas, event);
      side.box = [x, y, x, y];
      side.from = [event.clientX, event.clientY];  // a page that scrolls is no drag
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = placeIn(canvas, event);
      if (side.box) {
        const [dx, dy] = [event.clientX - side.from[0], event.clientY - side.from[1]];
        side.box[2] = side.box[0] + dx;
        side.box[3] = side.box[1] + dy;
        tip.hidden = true;
        draw();
        return;
      }
      let best = -1, least = 8;
      side.at.forEach((one, i) => {
        const far = one ? Math.hypot(one[0] - x, one[1] - y) : Infinity;
        if (far < least) { least = far; best = i; }
      });
      tip.hidden = best < 0;
      if (best < 0) return;
      const value = (name) => {
        const v = data[`${name}_values`][best];
        return v === null ? "–" : `${data[`${name}_below`][best] ? "< " : ""}${Number(v.toPrecision(4))}`;
      };
      tip.textContent = `${data.labels[best]}   ${titles.x}: ${value("x")}   ${titles.y}: ${value("y")}`;
      const beyond = x + tip.offsetWidth + 20 > side.size[0];
      tip.style.left = `${beyond ? Math.max(0, x - tip.offsetWidth - 10) : x + 12}px`;
      tip.style.top = `${Math.max(0, y - 26)}px`;
    });
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    canvas.addEventListener("pointerup", (event) => {
      if (!side.box) return;
      const [x0, x1] = [side.box[0], side.box[2]].sort((a, b) => a - b);
      const [y0, y1] = [side.box[1], side.box[3]].sort((a, b) => a - b);
      const pad = Math.max(x1 - x0, y1 - y0) < 4 ? 5 : 0;  // a click marks what is under it
      side.box = null;
      const rows = [];
      side.at.forEach((one, i) => {
        if (one && one[0] >= x0 - pad && one[0] <= x1 + pad && one[1] >= y0 - pad && one[1] <= y1 + pad) rows.push(i);
      });
      mark(rows, event.shiftKey);
      draw();
    });
    return { draw, stop };
  };

  const order = () => {
    const marked = new Set(model.get("marked"));
    const rows = Array.from({ length: count }, (_, i) => i);
    return [marked, marked.size ? [...rows.filter((i) => !marked.has(i)), ...marked] : rows];
  };
  const radius = count > 5000 ? 1.8 : count > 1000 ? 2.6 : 3.6;
  const axesOf = ([width]) => ({
    x: makeAxis(data.x_values, model.get("log_x"), EDGE.left, width - EDGE.right),
    y: makeAxis(data.y_values, model.get("log_y"), height - EDGE.bottom, EDGE.top),
  });
  const on = (v, log) => v !== null && (!log || v > 0);
  const plot = makeSide(words.plot, (size) => {
    const axes = axesOf(size);
    return data.x_values.map((x, i) => {
      const y = data.y_values[i];
      return on(x, model.get("log_x")) && on(y, model.get("log_y")) ? [axes.x.at(x), axes.y.at(y)] : null;
    });
  }, (pen, side) => {
    drawPlotFrame(pen, axesOf(side.size), titles, ...side.size);
    const [marked, rows] = order();
    for (const i of rows) {
      if (!side.at[i]) continue;
      const [x, y] = side.at[i], colour = data.colours[i];
      const faint = marked.size > 0 && !marked.has(i);
      const hollow = data.x_below[i] || data.y_below[i];
      drawSample(pen, x, y, colour, { hollow, marked: marked.has(i), faint, radius });
      if (hollow && marked.has(i)) { pen.strokeStyle = "#000"; pen.lineWidth = 1; pen.beginPath(); pen.arc(x, y, radius + 2.5, 0, 7); pen.stroke(); }
      if (data.x_below[i]) drawTowards(pen, x, y, -1, 0, colour, faint);
      if (data.y_below[i]) drawTowards(pen, x, y, 0, 1, colour, faint);
    }
  });
  const ground = makeSide(words.linked_map, (size) => {
    const look = makeLook(place, () => size);
    look.home();
    return data.east.map((x, i) => (x === null || data.north[i] === null ? null : [look.toX(x), look.toY(data.north[i])]));
  }, (pen, side) => {
    const look = makeLook(place, () => side.size);
    look.home();
    const [marked, rows] = order();
    for (const i of rows)
      if (side.at[i]) drawSample(pen, ...side.at[i], data.colours[i],
        { marked: marked.has(i), faint: marked.size > 0 && !marked.has(i), radius });
    drawTicks(pen, look, place, ...side.size);
    drawScale(pen, look, place, words, side.size[1]);
    if (place.kind !== "local") drawNorth(pen, words, side.size[0]);
  });
  const drawAll = () => {
    plot.draw();
    ground.draw();
    const marked = model.get("marked");
    const names = marked.slice(0, 8).map((i) => data.labels[i]).join(", ");
    const more = marked.length > 8 ? ` ${fill(words.ids_more, { n: marked.length - 8 })}` : "";
    told.textContent = fill(words.marked, { n: marked.length, all: count }) + (names ? `: ${names}${more}` : "");
    const missing = data.x_values.filter((x, i) => x === null || data.y_values[i] === null).length;
    const lost = data.x_values.filter((x, i) => x !== null && data.y_values[i] !== null
      && !(on(x, model.get("log_x")) && on(data.y_values[i], model.get("log_y")))).length;
    left.textContent = [
      place.system,
      missing ? fill(words.left_out, { n: missing }) : "",
      lost ? fill(words.left_out_log, { n: lost }) : "",
    ].filter(Boolean).join("   ·   ");
  };
  model.on("change:marked", drawAll);
  const below = data.x_below.includes(true) || data.y_below.includes(true);
  drawColours(legend, model.get("legend"), titles.colour, below, words);
  drawAll();
  return () => { plot.stop(); ground.stop(); };
}

export default { render };
