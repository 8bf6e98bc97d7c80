"use strict";
// Sorts and filters the sortable tables, and opens sections. The page is readable without it.
(() => {
  const sections = [...document.querySelectorAll("details")], all = document.getElementById("open-all");
  const label = () => {
    const open = sections.every((one) => one.open);
    all.textContent = open ? "Close all sections" : "Open all sections (to print them, too)";
    all.setAttribute("aria-expanded", String(open));
  };
  all.addEventListener("click", () => {
    const open = !sections.every((one) => one.open);
    sections.forEach((one) => { one.open = open; });
    label();
  });
  sections.forEach((one) => one.addEventListener("toggle", label));
  const follow = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details");
    if (folded) { folded.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", follow);
  follow();
  label();
  all.hidden = false;
  const number = (text) => {
    if (text.startsWith("∞")) return Infinity;
    const found = text.replaceAll("−", "-").replaceAll(",", "").match(/-?\d+(\.\d+)?(e[+-]?\d+)?/);
    return found ? parseFloat(found[0]) : NaN;
  };
  const compare = (a, b, isNumber) => {
    if (!isNumber) return a.localeCompare(b, undefined, { numeric: true });
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return x === y ? 0 : x - y;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
    const text = (row, column) => row.cells[column].textContent.trim();
    const missing = (row, column) => Number.isNaN(number(text(row, column)));
    heads.forEach((head, column) => {
      const isNumber = rows.some((row) => /^[−<\d∞]/.test(text(row, column))) && !rows[0].cells[column].classList.contains("name");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
        const last = isNumber ? (row) => missing(row, column) : () => false;
        rows.sort((a, b) => last(a) - last(b) || way * compare(text(a, column), text(b, column), isNumber));
        body.append(...rows);
      });
    });
    const label = document.createElement("label"), input = document.createElement("input");
    const count = document.createElement("output");
    input.type = "search";
    input.placeholder = "words that a row must have, such as hidden 0.3";
    label.append("Filter ", input);
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const content = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => content.includes(word));
        shown += !row.hidden;
      }
      count.textContent = shown === rows.length ? "" : ` ${shown} of ${rows.length} rows`;
    };
    input.addEventListener("input", show);
    const bar = document.createElement("p");
    bar.className = "filter";
    bar.append(label, count);
    table.parentElement.before(bar);
  }
})();
