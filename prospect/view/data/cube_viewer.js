// A cube to click in: picture on the left, spectra of the clicked pixels on the right.
// The kernel reads the pixels; this file only draws what it is given.

const PLOT = { width: 520, height: 340, left: 56, right: 12, top: 12, bottom: 44 };

// Path of a line that breaks where a value is missing.
function path(xs, ys, toX, toY) {
  let text = "";
  let down = false;
  xs.forEach((x, i) => {
    const y = ys[i];
    if (y === null || y === undefined) { down = false; return; }
    text += `${down ? "L" : "M"}${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`;
    down = true;
  });
  return text;
}

function drawPlot(svg, words, spectra) {
  svg.replaceChildren();
  const inside = {
    x0: PLOT.left, x1: PLOT.width - PLOT.right, y0: PLOT.height - PLOT.bottom, y1: PLOT.top,
  };
  if (!spectra.length) {
    svg.append(shape("text", { x: PLOT.width / 2, y: PLOT.height / 2, class: "hint",
      "text-anchor": "middle" }, words.hint));
    return;
  }
  const lines = spectra.flatMap((s) => [s, ...s.matches.slice(0, 1)]);
  const values = lines.flatMap((s) => s.y.filter((v) => v !== null));
  const waves = spectra[0].x;
  const [xLow, xHigh] = [waves[0], waves[waves.length - 1]];
  let [yLow, yHigh] = [Math.min(...values), Math.max(...values)];
  const margin = (yHigh - yLow) * 0.05 || 0.01;
  [yLow, yHigh] = [yLow - margin, yHigh + margin];
  const toX = (v) => inside.x0 + ((v - xLow) / (xHigh - xLow)) * (inside.x1 - inside.x0);
  const toY = (v) => inside.y0 + ((v - yLow) / (yHigh - yLow)) * (inside.y1 - inside.y0);
  for (const at of ticks(xLow, xHigh, 6)) {
    svg.append(shape("line", { x1: toX(at), x2: toX(at), y1: inside.y0, y2: inside.y1, class: "grid" }));
    svg.append(shape("text", { x: toX(at), y: inside.y0 + 16, class: "tick", "text-anchor": "middle" }, String(at)));
  }
  for (const at of ticks(yLow, yHigh, 5)) {
    svg.append(shape("line", { x1: inside.x0, x2: inside.x1, y1: toY(at), y2: toY(at), class: "grid" }));
    svg.append(shape("text", { x: inside.x0 - 6, y: toY(at) + 4, class: "tick", "text-anchor": "end" }, String(at)));
  }
  svg.append(shape("text", { x: (inside.x0 + inside.x1) / 2, y: PLOT.height - 6, class: "axis",
    "text-anchor": "middle" }, words.wavelength));
  const middle = (inside.y0 + inside.y1) / 2;
  svg.append(shape("text", { x: 14, y: middle, class: "axis", "text-anchor": "middle",
    transform: `rotate(-90 14 ${middle})` }, words.value));
  for (const one of spectra) {
    for (const match of one.matches.slice(0, 1))
      svg.append(shape("path", { d: path(waves, match.y, toX, toY), class: "match", stroke: one.colour }));
    svg.append(shape("path", { d: path(waves, one.y, toX, toY), class: "spectrum", stroke: one.colour }));
  }
}

function drawList(list, words, spectra) {
  list.replaceChildren();
  if (spectra.some((one) => one.matches.length))
    list.append(element("li", { class: "note" }, words.dashed));
  for (const one of spectra) {
    const item = element("li");
    const mark = element("span", { class: "mark" });
    mark.style.background = one.colour;
    item.append(mark, element("span", { class: "place" }, one.label));
    if (one.note) item.append(element("span", { class: "note" }, one.note));
    if (one.matches.length) {
      const found = element("ol");
      for (const match of one.matches) found.append(element("li", {}, match.label));
      item.append(found);
    }
    list.append(item);
  }
}

function render({ model, el }) {
  hideStill(model, el);
  const words = model.get("words");
  el.classList.add("cube-viewer");
  const left = element("div", { class: "scene" });
  const frame = element("div", { class: "frame" });
  const picture = element("img", { alt: words.picture, draggable: "false" });
  const marks = shape("svg", { class: "marks", preserveAspectRatio: "none" });
  const where = element("div", { class: "where" });
  const choice = element("select", { "aria-label": words.bands });
  model.get("composites").forEach((name, i) => choice.append(element("option", { value: i }, name)));
  choice.addEventListener("change", () => { model.set("composite", Number(choice.value)); model.save_changes(); });
  const clear = element("button", { type: "button" }, words.clear);
  clear.addEventListener("click", () => model.send({ kind: "clear" }));
  const removed = element("input", { type: "checkbox" });
  removed.checked = model.get("continuum_removed");
  removed.addEventListener("change", () => { model.set("continuum_removed", removed.checked); model.save_changes(); });
  const label = element("label");
  label.append(removed, document.createTextNode(` ${words.continuum}`));
  const bar = element("div", { class: "bar" });
  bar.append(choice, label, clear);
  frame.append(picture, marks);
  left.append(frame, where);
  const right = element("div", { class: "spectra" });
  const plot = shape("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, class: "plot", role: "img" });
  const list = element("ul");
  right.append(plot, list);
  const body = element("div", { class: "body" });
  body.append(left, right);
  el.append(bar, body);

  const pixelAt = (event) => {
    const box = picture.getBoundingClientRect();
    const [rows, columns] = model.get("shape");
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return row >= 0 && column >= 0 && row < rows && column < columns ? { row, column } : null;
  };
  frame.addEventListener("mousemove", (event) => {
    const at = pixelAt(event);
    where.textContent = at ? words.pixel.replace("{row}", at.row + 1).replace("{column}", at.column + 1) : "";
  });
  frame.addEventListener("click", (event) => {
    const at = pixelAt(event);
    if (at) model.send({ kind: "click", ...at, keep: event.shiftKey });
  });
  const show = () => {
    const [rows, columns] = model.get("shape");
    picture.src = model.get("picture");
    picture.style.aspectRatio = `${columns} / ${rows}`;
    marks.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    const spectra = model.get("spectra");
    const size = Math.max(rows, columns) / 40;
    marks.replaceChildren(...spectra.map((one) => shape("circle", {
      cx: one.column + 0.5, cy: one.row + 0.5, r: size, stroke: one.colour, class: "spot",
      "vector-effect": "non-scaling-stroke" })));
    plot.setAttribute("aria-label", spectra.map((one) => one.label).join("; ") || words.hint);
    drawPlot(plot, { ...words, value: model.get("continuum_removed") ? words.removed : words.value }, spectra);
    drawList(list, words, spectra);
  };
  model.on("change:picture", show);
  model.on("change:spectra", show);
  show();
}

export default { render };
