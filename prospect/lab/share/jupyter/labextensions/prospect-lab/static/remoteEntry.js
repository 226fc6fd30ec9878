// The gallery's place in JupyterLab: an entry in top bar, launcher and palette, and notices
// of the hub ("why did my kernel stop"). Written as the container that JupyterLab loads, so
// that nothing has to be built: the libraries are those that JupyterLab shares.
"use strict";
(() => {
  const NAME = "prospect-lab";
  const EVERY = 30000;
  const WORDS = {
    en: { gallery: "Gallery", hint: "Back to the notebook gallery: your copies are kept", category: "Prospect workbench" },
    zh: { gallery: "笔记本库", hint: "返回笔记本库：您的副本会保留", category: "找矿工作台" },
  };
  const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#b5651d" d="M16 2l12 7v14l-12 7-12-7V9z"/>' +
    '<path fill="none" stroke="#fff" stroke-width="2" d="M4 13c6 5 9-1 13 2s6 3 11-1M4 19c5 4 9 0 13 2s7 2 11-1"/></svg>';
  let shared = null, setting = "";

  function language() {
    const chosen = /(?:^|;\s*)prospect-language=(en|zh)/.exec(document.cookie);
    return chosen ? chosen[1] : setting || ((navigator.language || "").startsWith("zh") ? "zh" : "en");
  }
  async function library(name) {
    const versions = shared[name];
    const newest = Object.keys(versions).sort((a, b) => a.localeCompare(b, "en", { numeric: true })).pop();
    return (await versions[newest].get())();
  }

  function addEntries(app, { launcher, palette }, { Widget, LabIcon, address }) {
    const words = WORDS[language()];
    const icon = new LabIcon({ name: "prospect:gallery", svgstr: ICON });
    const command = "prospect:gallery";
    app.commands.addCommand(command, { label: words.gallery, caption: words.hint, icon, execute: () => window.location.assign(address) });
    if (launcher) launcher.add({ command, category: "Notebook", rank: 90 });
    if (palette) palette.addItem({ command, category: words.category });
    const link = document.createElement("a");
    link.href = address;
    link.textContent = words.gallery;
    link.title = words.hint;
    link.style.cssText = "padding: 0 12px; line-height: var(--jp-private-menubar-height, 28px); color: var(--jp-content-link-color, #11636b); font-weight: 600; white-space: nowrap";
    const widget = new Widget({ node: link });
    widget.id = "prospect-gallery";
    app.shell.add(widget, "top", { rank: 850 });
  }

  function watchNotices(address, { Notification, ServerConnection, tracker }) {
    // the gallery remembers there, too, what was dismissed
    const key = `prospect-dismissed:${new URL(address).pathname}`;
    const shown = new Map();
    const dismissed = () => { try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; } };
    Notification.manager.changed.connect((_, change) => {
      const notice = change.type === "removed" && shown.get(change.notification.id);
      if (!notice) return;
      try { localStorage.setItem(key, JSON.stringify([...dismissed(), notice].slice(-50))); } catch { /* it will come back */ }
    });
    async function look() {
      if (document.hidden) return;
      try {
        const settings = ServerConnection.makeSettings();
        const answer = await ServerConnection.makeRequest(`${address}workbench/api/status`, {}, settings);
        if (!answer.ok) return;
        const { notices } = await answer.json();
        const known = new Set([...dismissed(), ...shown.values()]);
        for (const each of notices.filter((one) => !known.has(one.id)))
          shown.set(Notification.warning(each[language()], { autoClose: false }), each.id);
      } catch { /* the server is away; JupyterLab says so itself */ }
    }
    // a kernel that stopped is the moment at which people want to know
    const watched = new WeakSet();
    if (tracker) tracker.widgetAdded.connect((_, panel) => {
      const context = panel.sessionContext;
      if (!context || watched.has(context)) return;
      watched.add(context);
      context.statusChanged.connect((__, state) => {
        if (["dead", "autorestarting", "restarting"].includes(state)) [1000, 4000, 10000].forEach((wait) => setTimeout(look, wait));
      });
    });
    document.addEventListener("visibilitychange", look);
    setInterval(look, EVERY);
    look();
  }

  async function makePlugin() {
    const [apputils, launchers, notebooks, widgets, components, coreutils, services] = await Promise.all(
      ["@jupyterlab/apputils", "@jupyterlab/launcher", "@jupyterlab/notebook", "@lumino/widgets", "@jupyterlab/ui-components", "@jupyterlab/coreutils", "@jupyterlab/services"].map(library));
    return {
      id: `${NAME}:plugin`,
      description: "The way back to the gallery, and notices of the hub.",
      autoStart: true,
      optional: [launchers.ILauncher, apputils.ICommandPalette, notebooks.INotebookTracker],
      activate: (app, launcher, palette, tracker) => {
        const base = coreutils.PageConfig.getBaseUrl();
        setting = coreutils.PageConfig.getOption("prospectLang");
        addEntries(app, { launcher, palette }, { Widget: widgets.Widget, LabIcon: components.LabIcon, address: `${base}workbench` });
        watchNotices(new URL(base, window.location.href).href, { Notification: apputils.Notification, ServerConnection: services.ServerConnection, tracker });
      },
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const plugin = await makePlugin();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
