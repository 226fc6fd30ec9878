// Helpers of all our widgets.

const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

function shape(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

// Steps of 1, 2 or 5 times a power of ten that divide a range into about `count` parts.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step)
    found.push(Number(at.toPrecision(10)));
  return found;
}

// A number as short as its neighbours need it; as it is where it has none.
function short(value, step) {
  if (!step) return String(Number(value.toPrecision(7))).replace("-", "−");
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-9)));
  return value.toFixed(digits).replace("-", "−");
}

// Hide the still picture as long as the widget lives beside it.
function hideStill(model, el) {
  el.append(element("style", {}, `.${model.get("still")} { display: none; }`));
}

// Canvas that is as sharp as the screen and follows the width of its frame.
function canvasIn(frame, height, draw) {
  const canvas = element("canvas", { tabindex: "0" });
  frame.append(canvas);
  const fit = () => {
    const width = frame.clientWidth, ratio = window.devicePixelRatio || 1;
    if (!width) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(width, height);
  };
  const watch = new ResizeObserver(fit);
  watch.observe(frame);
  return { canvas, pen: canvas.getContext("2d"), stop: () => watch.disconnect() };
}

// Place of an event on a canvas, in pixels of the page.
function placeIn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

