// Sorting, filtering, the theme, and opening the part that a link leads to. The page reads
// without it: controls that need it are hidden until it runs.
"use strict";
(() => {
  const all = (what, from = document) => [...from.querySelectorAll(what)];
  const find = (what) => document.querySelector(what);

  // A cell's number, of seconds and of "8 of 9", too; else its text; what is missing sorts last.
  const unit = { "": 1, s: 1, ms: 1e-3 };
  const key = (row, column) => {
    const text = row.cells[column].textContent.trim();
    if (text === "" || text === "–") return null;
    if (text === "∞") return Infinity;
    const [, digits, word] = /^(−?[\d.,]+(?:e[−+]?\d+)?) ?(s|ms|of \d+|)$/.exec(text) ?? [];
    const value = Number(digits?.replaceAll("−", "-").replaceAll(",", ""));
    return Number.isNaN(value) ? text : value * (unit[word] ?? 1);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true });

  const sort = (table, column, descending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) =>
      a === null || b === null ? (a === null) - (b === null)
        : descending ? compare(b, a) : compare(a, b));
    body.append(...rows.map(([, row]) => row));
    all("th", table.tHead.rows[table.tHead.rows.length - 1]).forEach((head, at) => {
      if (at === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };

  for (const table of all("table.sortable")) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () =>
        sort(table, column, head.getAttribute("aria-sort") === "ascending"));
    });
  }

  const filters = find(".filters");
  const filter = () => {
    const words = find("#search").value.toLowerCase().split(/\s+/);
    const [objective, status] = [find("#by-objective").value, find("#by-status").value];
    let shown = 0;
    const rows = all("#index tbody tr");
    for (const row of rows) {
      const text = (row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase();
      const fits = words.every((word) => text.includes(word)) &&
        (!objective || row.cells[5].textContent === objective) &&
        row.cells[8].textContent.includes(status);
      row.hidden = !fits;
      shown += fits;
    }
    find("#shown").textContent = `${shown} of ${rows.length} shown`;
  };
  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filter();

  const themes = ["auto", "light", "dark"];
  const button = find("#theme");
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.querySelector("span").textContent = theme;
  };
  const remembered = (value) => {
    try { // some browsers give files no storage
      if (value) localStorage.setItem("milpsparse-theme", value);
      return localStorage.getItem("milpsparse-theme");
    } catch { return null; }
  };
  show(themes.includes(remembered()) ? remembered() : "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % 3];
    show(next);
    remembered(next);
  });

  const parts = all(".part");
  find(".actions").hidden = false;
  find("#open-all").addEventListener("click", () => parts.forEach((part) => { part.open = true; }));
  find("#close-all").addEventListener("click", () => parts.forEach((part) => { part.open = false; }));
  const open = () => {
    const part = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (part && part.classList.contains("part")) {
      part.open = true;
      part.querySelector("summary").focus({ preventScroll: true });
      part.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", open);
  for (const link of all('a[href^="#i-"]')) link.addEventListener("click", () => setTimeout(open));
  open();
})();
