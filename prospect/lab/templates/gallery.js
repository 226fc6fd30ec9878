"use strict";
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const KINDS = ["tasks", "minerals", "sensors"];
  const EVERY = 60000;
  const byId = (id) => document.getElementById(id);
  let lang = settings.lang, books = [], problem = null, status = null, loaded = false;
  const say = (key, values = {}) =>
    Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), settings.texts[lang][key]);
  const fold = (text) => text.normalize("NFKC").toLowerCase();

  // all text goes in as text, never as HTML
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((each) => each !== null && each !== undefined));
    return element;
  };

  async function ask(path, options = {}) {
    const headers = { "X-XSRFToken": settings.xsrf, Accept: "application/json" };
    let answer;
    try { answer = await fetch(`${settings.base}workbench/api/${path}`, { credentials: "same-origin", headers, ...options }); }
    catch { throw new Error(say("offline")); }
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    // logged out: the page's own address leads to the login and back
    if (answer.status === 403 && !(said.message && said.message[lang])) location.reload();
    const gone = answer.status === 502 || answer.status === 503 || answer.status === 424;
    throw new Error((said.message && said.message[lang]) || say(gone ? "offline" : "failed"));
  }

  // ---- search --------------------------------------------------------------
  function haystack(book) {
    const words = KINDS.flatMap((kind) => book[kind].flatMap((word) => [word.key, word.en, word.zh, ...word.also]));
    const data = book.data.flatMap((each) => [each.name, each.title.en, each.title.zh, each.licence]);
    return fold([book.name, book.title.en, book.title.zh, book.summary.en, book.summary.zh, ...words, ...data].join("\n"));
  }
  const LATIN = /^[\x00-\x7f]{1,2}$/;
  function found(book, word) {
    // one or two Latin letters are symbols of elements: Au, but not the "au" in "fault"
    if (!LATIN.test(word)) return book.text.includes(word);
    const plain = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`(^|[^a-z0-9])${plain}($|[^a-z])`).test(book.text);
  }
  function shown() {
    const words = fold(byId("words").value).split(/[\s,，、;；]+/).filter(Boolean);
    return books.filter((book) =>
      words.every((word) => found(book, word)) &&
      KINDS.every((kind) => !byId(kind).value || book[kind].some((word) => word.key === byId(kind).value)));
  }
  function remember() {
    const query = new URLSearchParams();
    if (byId("words").value.trim()) query.set("q", byId("words").value.trim());
    for (const kind of KINDS) if (byId(kind).value) query.set(kind, byId(kind).value);
    history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : ""));
  }
  function fillSelects(chosen) {
    for (const kind of KINDS) {
      const select = byId(kind), value = chosen ? chosen.get(kind) || "" : select.value;
      const words = new Map(books.flatMap((book) => book[kind].map((word) => [word.key, word])));
      const sorted = [...words.values()].sort((a, b) => a[lang].localeCompare(b[lang], lang));
      select.replaceChildren(make("option", { value: "" }, say("all")), ...sorted.map((word) => make("option", { value: word.key }, word[lang])));
      select.value = words.has(value) ? value : "";
    }
  }
  function clear() {
    byId("words").value = "";
    for (const kind of KINDS) byId(kind).value = "";
    draw();
    byId("words").focus();
  }

  // ---- cards ---------------------------------------------------------------
  function placeholder(name) {
    // contour lines, the same for the same notebook
    let seed = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7);
    const next = () => (seed = (seed * 137 + 71) % 9973) / 9973;
    const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 320 180");
    svg.setAttribute("preserveAspectRatio", "xMidYMid slice");
    svg.setAttribute("aria-hidden", "true");
    const [x, y, tilt, wave] = [90 + 140 * next(), 50 + 80 * next(), next() * 3, 2 + Math.floor(3 * next())];
    for (let radius = 14; radius < 330; radius += 16) {
      const points = Array.from({ length: 49 }, (_, i) => {
        const angle = (i / 48) * 2 * Math.PI, r = radius * (1 + 0.16 * Math.sin(wave * angle + tilt) + 0.07 * Math.cos(5 * angle - tilt));
        return `${(x + 1.25 * r * Math.cos(angle)).toFixed(1)} ${(y + 0.8 * r * Math.sin(angle)).toFixed(1)}`;
      });
      const path = document.createElementNS(space, "path");
      path.setAttribute("d", `M${points.join("L")}Z`);
      svg.append(path);
    }
    return svg;
  }
  function chip(kind, word) {
    const select = byId(kind), pressed = select.value === word.key;
    return make("button", { type: "button", class: `chip ${kind}`, "aria-pressed": String(pressed),
      onclick: () => { select.value = pressed ? "" : word.key; draw(); byId(kind).focus(); } }, word[lang]);
  }
  function dataLine(book) {
    const line = make("p", { class: "data" }, make("b", {}, say("data")), " ");
    book.data.forEach((each, number) => {
      if (number) line.append(lang === "zh" ? "；" : "; ");
      const licence = each.licence.replace(/\.$/, "");
      line.append(each.title[lang] + (licence ? (lang === "zh" ? `（${licence}）` : ` (${licence})`) : ""));
    });
    return book.data.length ? line : null;
  }
  function buttons(book, state) {
    if (book.problem) return make("p", { class: "problem" }, book.problem[lang]);
    const first = { none: "open_copy", edited_old: "open_newer" }[state] || "open_mine";
    const row = make("div", { class: "buttons" },
      make("button", { type: "button", class: "main", "aria-describedby": `t-${book.name}`, onclick: (event) => copy(book, event.currentTarget) }, say(first)));
    if (state === "edited" || state === "edited_old")
      row.append(make("button", { type: "button", class: "quiet", "aria-describedby": `t-${book.name}`, onclick: (event) => reset(book, event.currentTarget) }, say("reset")));
    return row;
  }
  function card(book) {
    const state = book.mine[lang] || "none";
    const picture = make("div", { class: "picture" }, book.picture ? make("img", { src: book.picture, alt: "", loading: "lazy" }) : placeholder(book.name));
    if (state !== "none") picture.append(make("span", { class: state.includes("old") ? "badge newer" : "badge" }, say(`mine_${state}`)));
    const numbers = [book.minutes && say("minutes", { n: book.minutes }), book.memory_gb && say("memory", { n: book.memory_gb }),
      !book.problem && !book.languages.includes(lang) && say(`only_language_${book.languages[0]}`)].filter(Boolean);
    const chips = KINDS.flatMap((kind) => book[kind].map((word) => chip(kind, word)));
    return make("li", {}, make("article", { class: "card", "aria-labelledby": `t-${book.name}`, "data-name": book.name }, picture,
      make("div", { class: "inside" }, make("h2", { id: `t-${book.name}` }, book.title[lang]),
        book.summary[lang] ? make("p", { class: "summary" }, book.summary[lang]) : null,
        chips.length ? make("div", { class: "chips" }, ...chips) : null,
        numbers.length ? make("p", { class: "facts" }, numbers.join(" · ")) : null,
        dataLine(book), buttons(book, state))));
  }
  function draw() {
    const list = shown();
    byId("cards").replaceChildren(...list.map(card));
    const count = byId("count"), narrowed = byId("words").value.trim() || KINDS.some((kind) => byId(kind).value);
    if (!loaded) count.textContent = say("loading");
    else if (problem) { count.textContent = ""; complain(problem[lang]); }
    else {
      const none = books.length > 0 && !list.length;
      count.replaceChildren(none ? `${say("nothing")} ${say("nothing_hint")}` : say("count", { shown: list.length, all: books.length }));
      if (narrowed) count.append(make("button", { type: "button", onclick: clear }, say("clear")));
    }
    remember();
  }

  // ---- copies --------------------------------------------------------------
  function complain(text, again) {
    byId("message").replaceChildren(make("p", {}, text), again
      ? make("button", { type: "button", onclick: () => { byId("message").replaceChildren(); again(); } }, say("again"))
      : make("button", { type: "button", onclick: () => byId("message").replaceChildren() }, say("close")));
    byId("message").scrollIntoView({ block: "nearest" });
  }
  function choose(text, ...choices) {
    const dialog = byId("dialog");
    byId("dialog-text").textContent = text;
    return new Promise((resolve) => {
      byId("dialog-buttons").replaceChildren(...choices.map(([label, value], number) =>
        make("button", { type: "button", class: number ? "" : "main", onclick: () => { resolve(value); dialog.close(); } }, label)));
      dialog.addEventListener("close", () => resolve(null), { once: true });
      dialog.showModal();
    });
  }
  async function copy(book, button, again = false) {
    button.disabled = true;
    byId("message").replaceChildren();
    try {
      const done = await ask("copy", { method: "POST", body: JSON.stringify({ name: book.name, lang, reset: again }) });
      let address = done.open;
      if (done.open_beside) {
        const pick = [[say("open_file", { file: done.file }), done.open], [say("open_file", { file: done.beside }), done.open_beside], [say("close"), null]];
        address = await choose(done.message[lang], ...pick);
      }
      if (address) location.assign(address); else await load();
    } catch (error) { complain(error.message); }
    button.disabled = false;
  }
  async function reset(book, button) {
    const sure = await choose(say("reset_question", { title: book.title[lang] }), [say("yes_reset"), true], [say("cancel"), null]);
    if (sure) await copy(book, button, true);
  }

  // ---- what the person uses ------------------------------------------------
  const size = (bytes) => bytes >= 2 ** 40 ? `${(bytes / 2 ** 40).toFixed(1)} TB` : bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.round(bytes / 2 ** 20)} MB`;
  const duration = (seconds) => seconds >= 3600 ? say("hours", { n: +(seconds / 3600).toFixed(1) }) : say("minutes_short", { n: Math.max(1, Math.round(seconds / 60)) });
  const moment = (text) => {
    const at = new Date(text), near = Math.abs(at - Date.now()) < 20 * 3600e3;
    return at.toLocaleString(lang === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit", ...(near ? {} : { month: "short", day: "numeric" }) });
  };
  function meter(id, label, found, key) {
    const element = byId(id);
    element.hidden = !found;
    if (!found) return;
    element.className = found.warn ? "meter warn" : "meter";
    const text = say(key, { used: size(found.used), total: size(found.total) });
    element.replaceChildren(label, make("progress", { max: found.total, value: Math.min(found.used, found.total), "aria-label": `${label}: ${text}` }), text);
  }
  // this page and JupyterLab remember together what was dismissed
  const KEY = `prospect-dismissed:${settings.base}`;
  function dismissed() { try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; } }
  function dismiss(id) {
    gone.add(id);
    // a warning is dismissed for this visit, a notice for good
    if (!WARNINGS.includes(id)) try { localStorage.setItem(KEY, JSON.stringify([...dismissed(), id].slice(-50))); } catch { /* it comes back */ }
    drawStatus();
  }
  const gone = new Set(), WARNINGS = ["disk", "memory"];
  function note(id, text, time) {
    return make("div", { class: "note" }, make("p", {}, time ? make("time", { datetime: time }, moment(time)) : null, text),
      make("button", { type: "button", "aria-label": say("dismiss"), title: say("dismiss"), onclick: () => dismiss(id) }, "✕"));
  }
  function drawStatus() {
    byId("use").hidden = !status;
    if (!status) return;
    meter("use-memory", say("use_memory"), status.memory, status.memory.limited ? "of" : "of_machine");
    meter("use-disk", say("use_disk"), status.disk, "of");
    const stop = byId("use-stop");
    stop.hidden = !status.stop;
    if (status.stop) {
      byId("stop-at").textContent = say("stop", { time: moment(status.stop.at) });
      byId("stop-more").textContent = say("stop_more", { idle: duration(status.stop.idle) });
    }
    const hidden = new Set([...dismissed(), ...gone]), notes = [];
    const { memory, disk } = status;
    if (disk && disk.warn && !gone.has("disk")) notes.push(note("disk", say("warn_disk", { free: size(disk.free) })));
    if (memory.limited && memory.warn && !gone.has("memory")) notes.push(note("memory", say("warn_memory", { used: size(memory.used), total: size(memory.total) })));
    for (const each of status.notices) if (!hidden.has(each.id)) notes.push(note(each.id, each[lang], each.time));
    const old = byId("notices").textContent, fresh = make("div", {}, ...notes);
    if (fresh.textContent !== old) byId("notices").replaceChildren(...fresh.childNodes);
  }
  async function look() {
    if (document.hidden) return;
    try { status = await ask("status"); } catch { status = null; }
    drawStatus();
  }

  // ---- language and start --------------------------------------------------
  function speak(next) {
    lang = next;
    const zone = lang === "zh" ? "zh-CN" : "en";
    document.documentElement.lang = zone;
    document.title = say("title");
    for (const element of document.querySelectorAll("[data-t]")) element.textContent = say(element.dataset.t);
    for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", say(element.dataset.tLabel));
    for (const element of document.querySelectorAll("[data-t-hint]")) element.placeholder = say(element.dataset.tHint);
    byId("switch").lang = lang === "zh" ? "en" : "zh-CN";
    byId("message").replaceChildren();
    fillSelects();
    draw();
    drawStatus();
  }
  async function load() {
    try {
      const answer = await ask("notebooks"), first = !loaded;
      books = answer.notebooks.map((book) => ({ ...book, text: haystack(book) }));
      problem = answer.problem;
      loaded = true;
      fillSelects(first ? new URLSearchParams(location.search) : null);
      draw();
    } catch (error) { byId("count").textContent = ""; complain(error.message, load); }
  }
  byId("switch").addEventListener("click", () => {
    const next = lang === "zh" ? "en" : "zh";
    document.cookie = `prospect-language=${next}; path=/; max-age=31536000; SameSite=Lax`;
    speak(next);
  });
  byId("filters").addEventListener("input", draw);
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); byId("cards").focus(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { look(); load(); } });
  // back from JupyterLab: the copies may have changed
  window.addEventListener("pageshow", (event) => { if (event.persisted) { load(); look(); } });
  byId("words").value = new URLSearchParams(location.search).get("q") || "";
  load();
  look();
  setInterval(look, EVERY);
})();
