"use strict";
document.documentElement.classList.add("scripted");

const valueOf = (cell) => cell.dataset.value ?? cell.textContent;

// Tables sort by the column whose heading is clicked: numbers largest first, text from A. Absent values stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.querySelectorAll("thead th")];
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const isNumber = heading.classList.contains("number");
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const order = heading.getAttribute("aria-sort") === first ? second : first;
      const sign = order === "ascending" ? 1 : -1;
      const compare = ([x], [y]) => {
        if (x === "" || y === "") return (x === "") - (y === "");
        // A text among numbers, such as "holds", stands after them.
        if (isNumber && (isNaN(x) || isNaN(y))) return isNaN(x) - isNaN(y);
        return sign * (isNumber ? x - y : x.localeCompare(y, "en", { numeric: true }));
      };
      const rows = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
      body.append(...rows.sort(compare).map(([, row]) => row));
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", order);
    });
  });
}

// Large tables get a box to search in, and a list to choose from for each column that has one.
const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const addFilter = (table) => {
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((row) => [...row.cells].map((cell) => cell.textContent).join("\n").toLowerCase());
  const search = element("input", { type: "search" });
  const choices = [...table.querySelectorAll("thead th")].flatMap((heading, column) => {
    if (!("choice" in heading.dataset)) return [];
    const values = [...new Set(rows.map((row) => row.cells[column].textContent))];
    if (values.length < 2) return [];
    const options = values.map((value) => element("option", { value, textContent: value || "(none)" }));
    const list = element("select", {}, element("option", { value: "\n", textContent: "all" }), ...options);
    return [{ column, list, label: element("label", {}, heading.textContent, list) }];
  });
  const count = element("output", { ariaLive: "polite" });
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, index) => {
      const fits = words.every((word) => texts[index].includes(word))
        && choices.every(({ column, list }) => list.value === "\n" || list.value === row.cells[column].textContent);
      row.hidden = !fits;
      shown += fits;
    });
    count.value = `${shown} of ${rows.length} rows`;
  };
  const clear = () => {
    search.value = "";
    choices.forEach(({ list }) => { list.selectedIndex = 0; });
    apply();
  };
  search.addEventListener("input", apply);
  choices.forEach(({ list }) => list.addEventListener("change", apply));
  const reset = element("button", { type: "button", textContent: "Show all" });
  reset.addEventListener("click", clear);
  const box = element("div", { className: "filter" }, element("label", {}, "search", search));
  box.append(...choices.map(({ label }) => label), reset, count);
  table.parentElement.before(box);
  table.showAllRows = clear;
  apply();
};
document.querySelectorAll("table.filtered").forEach(addFilter);

// A link into what is folded away or filtered out opens it.
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  const row = target.closest("tr");
  if (row?.hidden) row.closest("table").showAllRows();
  for (let outer = target.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
  target.scrollIntoView({ block: "nearest" });
};
addEventListener("hashchange", reveal);
reveal();
