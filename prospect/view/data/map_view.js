// A map in the coordinates of its grids. The kernel paints pictures and reads cells;
// this file moves, zooms, draws and asks.

function drawOverlay(pen, look, overlay) {
  pen.lineJoin = "round";
  for (const [colour, width] of [["rgba(255,255,255,.9)", 3.2], [overlay.colour, 1.5]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    for (const path of overlay.paths) {
      pen.beginPath();
      path.at.forEach(([x, y], i) => (i ? pen.lineTo(look.toX(x), look.toY(y)) : pen.moveTo(look.toX(x), look.toY(y))));
      pen.stroke();
    }
  }
  const seen = new Set();
  for (const path of overlay.paths) {
    if (!path.number || seen.has(path.number)) continue;
    seen.add(path.number);
    const x = Math.max(...path.at.map((p) => look.toX(p[0])));
    const y = Math.min(...path.at.map((p) => look.toY(p[1])));
    textAt(pen, path.number, x + 2, y, "left", "#000");
  }
  const radius = overlay.x.length > 2000 ? 1.8 : overlay.x.length > 400 ? 2.6 : 4;
  pen.fillStyle = overlay.colour;
  pen.strokeStyle = "#000";
  pen.lineWidth = radius > 3 ? 1.4 : 0.6;
  overlay.x.forEach((x, i) => {
    pen.beginPath();
    pen.arc(look.toX(x), look.toY(overlay.y[i]), radius, 0, 7);
    pen.fill();
    pen.stroke();
  });
}

function drawPick(pen, look, pick, number) {
  const [x, y] = [look.toX(pick.x), look.toY(pick.y)];
  for (const [colour, width] of [["#fff", 5], [pick.colour, 2.4]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.stroke();
  }
  textAt(pen, String(number), x + 12, y - 10, "left", pick.colour);
}

function drawLegend(box, told, words) {
  box.replaceChildren();
  const legend = told.legend || {};
  if (told.title) box.append(element("b", {}, told.title));
  if (legend.empty) box.append(element("div", { class: "note" }, legend.empty));
  if (legend.title) box.append(element("div", { class: "quiet" }, legend.title));
  if (legend.stops) {
    const ramp = element("div", { class: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${legend.stops.join(",")})`;
    const [low, high] = legend.ends.map((v) => String(Number(v.toPrecision(4))).replace("-", "−"));
    const ends = element("div", { class: "ends" });
    const below = ["min", "both"].includes(legend.extend) ? "≤ " : "";
    const above = ["max", "both"].includes(legend.extend) ? "≥ " : "";
    ends.append(element("span", {}, below + low), element("span", {}, above + high));
    box.append(ramp, ends);
  }
  const entries = element("div", { class: "entries" });
  const add = (label, colour, name = "") => {
    const row = element("div", { class: "entry" });
    const mark = element("i", name ? { class: name } : {});
    if (colour) mark.style.background = colour;
    row.append(mark, element("span", {}, label));
    entries.append(row);
  };
  (legend.entries || []).forEach(([label, colour]) => add(label, colour));
  if (legend.more) entries.append(element("div", { class: "quiet" }, legend.more));
  if (legend.gaps) add(words.no_data, "", "gap");
  box.append(entries);
}

function drawAsked(box, model, clear) {
  const words = model.get("words"), picks = model.get("picks");
  box.replaceChildren();
  if (!picks.length) { box.append(element("div", { class: "quiet" }, words.hint)); return; }
  const head = element("div", { class: "head" });
  head.append(element("b", {}, words.place), clear);
  box.append(head);
  picks.forEach((pick, i) => {
    const line = element("div");
    const mark = element("span", { class: "mark" }, String(i + 1));
    mark.style.background = pick.colour;
    line.append(mark, document.createTextNode(pick.where));
    box.append(line);
  });
  const table = element("table");
  if (picks.length > 1) {
    const row = element("tr");
    row.append(element("th", {}, words.layer));
    picks.forEach((pick, i) => {
      const cell = element("th"), mark = element("span", { class: "mark" }, String(i + 1));
      mark.style.background = pick.colour;
      cell.append(mark);
      row.append(cell);
    });
    table.append(row);
  }
  model.get("titles").slice(0, model.get("place").layers).forEach((title, i) => {
    const row = element("tr", i === model.get("layer") ? { class: "on" } : {});
    row.append(element("th", {}, title));
    picks.forEach((pick) => row.append(element("td", pick.gaps[i] ? { class: "gap" } : {}, pick.values[i])));
    table.append(row);
  });
  const scroll = element("div", { class: "scroll" });
  scroll.append(table);
  box.append(scroll);
  picks.forEach((pick, i) => pick.features.forEach((one) => {
    const line = element("div");
    const mark = element("span", { class: "mark" }, String(i + 1));
    mark.style.background = pick.colour;
    line.append(mark, element("b", {}, one.name), document.createTextNode(one.text ? `: ${one.text}` : ""));
    box.append(line);
  }));
}

// Choices above the map: layer, what lies below, opacity.
function makeBar(model, words, changed) {
  const bar = element("div", { class: "bar" });
  const choice = (name, text, options) => {
    const label = element("label", {}, text), select = element("select", { "data-name": name });
    options.forEach(([value, title]) => select.append(element("option", { value }, title)));
    const show = () => { select.value = String(model.get(name)); };
    select.addEventListener("change", () => { model.set(name, Number(select.value)); model.save_changes(); });
    model.on(`change:${name}`, show);
    show();
    label.append(select);
    bar.append(label);
  };
  const titles = model.get("titles"), count = model.get("place").layers;
  if (count > 1) choice("layer", words.layer, titles.slice(0, count).map((title, i) => [i, title]));
  if (titles.length > 1)
    choice("below", words.below, [[-1, words.nothing], ...titles.map((title, i) => [i, title]).reverse()]);
  const label = element("label", {}, words.opacity);
  const range = element("input", { type: "range", min: 0, max: 1, step: 0.05 });
  range.value = model.get("opacity");
  range.addEventListener("input", () => { model.set("opacity", Number(range.value)); changed(); });
  range.addEventListener("change", () => model.save_changes());
  label.append(range);
  bar.append(label);
  return bar;
}

function makeOverlays(overlays, hidden, changed) {
  const box = element("div", { class: "overlays" });
  overlays.forEach((overlay, i) => {
    const label = element("label"), tick = element("input", { type: "checkbox" });
    tick.checked = true;
    tick.addEventListener("change", () => { tick.checked ? hidden.delete(i) : hidden.add(i); changed(); });
    const mark = element("i", overlay.x.length ? {} : { class: "line" });
    if (overlay.x.length) mark.style.background = overlay.colour;
    else mark.style.borderTopColor = overlay.colour;
    label.append(tick, mark, document.createTextNode(overlay.label));
    box.append(label);
  });
  return box;
}

function render({ model, el }) {
  hideStill(model, el);
  const words = model.get("words"), place = model.get("place"), overlays = model.get("overlays");
  const hidden = new Set();
  let size = [600, model.get("height")], pattern = null, waiting = 0;
  const look = makeLook(place, () => size);
  const pictures = {};
  el.classList.add("pv", "pv-map");

  const draw = () => {
    const [width, height] = size;
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    pattern ||= hatch(pen);
    const box = ([west, east, bottom, top]) =>
      [look.toX(west), look.toY(top), look.toX(east) - look.toX(west), look.toY(bottom) - look.toY(top)];
    pen.fillStyle = pattern;
    pen.fillRect(...box(place.edges));
    const image = (name, alpha) => {
      const one = pictures[name];
      if (!one || !one.ready) return;
      pen.globalAlpha = alpha;
      pen.drawImage(one.image, ...box(one.edges));
      pen.globalAlpha = 1;
    };
    image("under", 1);
    const sharp = pictures.detail && pictures.detail.ready && model.get("detail").layer === model.get("layer");
    const opacity = model.get("opacity");
    if (!sharp) image("shown", opacity);
    else {  // the sharp picture takes the place of the coarse one: neither shows through
      pen.save();
      pen.beginPath();
      pen.rect(0, 0, width, height);
      pen.rect(...box(pictures.detail.edges));
      pen.clip("evenodd");
      image("shown", opacity);
      pen.restore();
      image("detail", opacity);
    }
    pen.strokeStyle = "#6b6b6b";
    pen.lineWidth = 1;
    pen.strokeRect(...box(place.edges));
    overlays.forEach((overlay, i) => { if (!hidden.has(i)) drawOverlay(pen, look, overlay); });
    model.get("picks").forEach((pick, i) => drawPick(pen, look, pick, i + 1));
    drawTicks(pen, look, place, width, height);
    if (place.kind !== "counted") drawScale(pen, look, place, words, height);
    if (place.kind !== "counted" && place.kind !== "local") drawNorth(pen, words, width);
  };

  const load = (name) => {
    const told = model.get(name);
    if (!told || !told.src) { delete pictures[name]; draw(); return; }
    const one = { image: new Image(), edges: told.edges, ready: false };
    one.image.onload = () => { one.ready = true; pictures[name] = one; draw(); };
    one.image.src = told.src;
  };

  const bar = makeBar(model, words, draw);
  const frame = element("div", { class: "frame" });
  const side = element("div", { class: "side" });
  const legend = element("div", { class: "legend", "aria-label": words.legend });
  const asked = element("div", { class: "asked", "aria-live": "polite" });
  const note = element("div", { class: "note" });
  const where = element("div", { class: "under quiet" });
  const { canvas, pen, stop } = canvasIn(frame, model.get("height"), (width, height) => {
    size = [width, height];
    if (!look.moved) look.home();
    draw();
  });
  canvas.setAttribute("aria-label", words.map);
  const zoom = element("div", { class: "zoom" });
  const button = (text, title, act) => {
    const made = element("button", { type: "button", title, "aria-label": title }, text);
    made.addEventListener("click", act);
    zoom.append(made);
  };
  // What lies in the window, for the sharp picture; asked once the map stands still.
  const ask = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const edges = [look.fromX(0), look.fromX(size[0]), look.fromY(size[1]), look.fromY(0)];
      model.send({ kind: "look", edges });
    }, 250);
  };
  const zoomed = (factor, x = size[0] / 2, y = size[1] / 2) => { look.zoom(factor, x, y); draw(); ask(); };
  button("+", words.closer, () => zoomed(1.6));
  button("−", words.further, () => zoomed(1 / 1.6));
  button("⌂", words.home, () => { look.home(); draw(); ask(); });
  const clear = element("button", { type: "button" }, words.clear);
  clear.addEventListener("click", () => model.send({ kind: "clear" }));
  frame.append(zoom, where);
  side.append(legend, makeOverlays(overlays, hidden, draw), note, asked);
  const body = element("div", { class: "body" });
  body.append(frame, side);
  el.append(bar, body);

  const told = () => { where.replaceChildren(element("div", {}, place.system)); };
  // Moves are measured on the screen: a page that scrolls under the mouse is no drag.
  let down = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    down = { x: event.clientX, y: event.clientY, place: placeIn(canvas, event), moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (down) {
      const [dx, dy] = [event.clientX - down.x, event.clientY - down.y];
      if (down.moved || Math.hypot(dx, dy) > 4) {
        Object.assign(down, { x: event.clientX, y: event.clientY, moved: true });
        canvas.classList.add("moving");
        look.move(dx, dy);
        draw();
      }
    }
    const [x, y] = placeIn(canvas, event);
    where.replaceChildren(
      element("div", {}, coordinates(place, look.fromX(x), look.fromY(y))),
      element("div", {}, place.system),
    );
  });
  canvas.addEventListener("pointerup", (event) => {
    canvas.classList.remove("moving");
    const was = down;
    down = null;
    if (!was) return;
    if (was.moved) { ask(); return; }
    const [x, y] = was.place;
    model.send({ kind: "pick", x: look.fromX(x), y: look.fromY(y), keep: event.shiftKey, reach: 7 / look.scale });
  });
  canvas.addEventListener("pointerleave", () => { told(); });
  canvas.addEventListener("wheel", (event) => {
    if (el.getRootNode().activeElement !== canvas && !event.ctrlKey) return;
    event.preventDefault();
    zoomed(Math.exp(-event.deltaY / 400), ...placeIn(canvas, event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) { look.move(...step); draw(); ask(); }
    else if (event.key === "+" || event.key === "=") zoomed(1.6);
    else if (event.key === "-") zoomed(1 / 1.6);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const shown = () => { load("shown"); drawLegend(legend, model.get("shown"), words); };
  const picked = () => { drawAsked(asked, model, clear); draw(); };
  model.on("change:shown", () => { shown(); picked(); if (look.moved) ask(); });
  model.on("change:under", () => load("under"));
  model.on("change:detail", () => load("detail"));
  model.on("change:opacity", draw);
  model.on("change:picks", picked);
  model.on("change:note", () => { note.textContent = model.get("note"); });
  told();
  shown();
  load("under");
  load("detail");
  picked();
  return () => { stop(); clearTimeout(waiting); };
}

export default { render };
