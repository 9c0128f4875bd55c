// Tabs, filters, keys, colours of the screen, and paper.
const root = document.documentElement;
const search = document.getElementById("search");
const THEMES = [["", "as the system"], ["dark", "dark"], ["light", "light"]];
const dark = matchMedia("(prefers-color-scheme: dark)");
let theme = 0;

function paint() {
  root.dataset.theme = THEMES[theme][0] || (dark.matches ? "dark" : "light");
  document.getElementById("theme").textContent = `Theme: ${THEMES[theme][1]}`;
}

function drawTabs() {
  const tabs = LISTS.map((list) => {
    const tab = make("button", "tab", list.label);
    tab.type = "button";
    tab.id = `tab-${list.name}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "panel");
    tab.setAttribute("aria-keyshortcuts", list.key);
    tab.append(make("span", "count", tellCount(rowsOf.get(list.name).length)));
    tab.addEventListener("click", () => choose(list));
    return tab;
  });
  document.querySelector(".tabs").replaceChildren(...tabs);
}

function choose(list) {
  state.list = list;
  state.sort = null;
  clearFilters();
  for (const other of LISTS) {
    const tab = document.getElementById(`tab-${other.name}`);
    tab.setAttribute("aria-selected", String(other === list));
    tab.tabIndex = other === list ? 0 : -1;
  }
  document.getElementById("panel").setAttribute("aria-labelledby", `tab-${list.name}`);
  drawFilters();
  drawHead();
  show();
}

function clearFilters() {
  state.tiers.clear();
  state.chosen = {};
  state.words = [];
  search.value = "";
}

function countBy(name) {
  const counts = new Map();
  for (const row of rowsOf.get(state.list.name)) {
    for (const part of name === "tier" ? [value(row, name)] : partsOf(row, name)) counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  return counts;
}

function drawFilters() {
  const tiers = [...countBy("tier")].filter(([tier]) => tier !== null).sort((one, other) => one[0] - other[0]);
  const buttons = tiers.map(([tier, count]) => {
    const button = make("button", `tier tier-${tier}`);
    button.type = "button";
    button.append(make("b", "", tier), ` ${TIERS[tier] ?? ""} `, make("span", "count", tellCount(count)));
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      if (!state.tiers.delete(tier)) state.tiers.add(tier);
      button.setAttribute("aria-pressed", String(state.tiers.has(tier)));
      show();
    });
    return button;
  });
  document.querySelector(".tiers").replaceChildren(...(tiers.length > 1 ? buttons : []));
  document.querySelector(".selects").replaceChildren(...CHOICES.map(drawChoice).filter(Boolean), drawSort());
}

function drawChoice([name, all]) {
  if (!has(name)) return null;
  const counts = [...countBy(name)];
  if (counts.length < 2) return null;
  const order = name === "lane" ? (pair) => content.lanes.indexOf(pair[0]) : (pair) => -pair[1];
  counts.sort((one, other) => order(one) - order(other) || one[0].localeCompare(other[0]));
  const select = make("select");
  select.setAttribute("aria-label", all.replace("All ", "Filter by "));
  select.append(new Option(all, ""));
  for (const [part, count] of counts) select.append(new Option(`${plain(part)} (${tellCount(count)})`, part));
  select.addEventListener("change", () => {
    state.chosen[name] = select.value;
    show();
  });
  return select;
}

// Where the screen is too narrow for headings.
function drawSort() {
  const select = make("select", "sort");
  select.setAttribute("aria-label", "Sort by");
  select.append(new Option("In the order of the list", ""));
  for (const column of columnsOf(state.list)) select.append(new Option(`Sort by ${column.label.toLowerCase()}`, column.name));
  select.addEventListener("change", () => {
    const column = COLUMNS.find((one) => one.name === select.value);
    state.sort = column ? { column, down: column.down } : null;
    drawHead();
    show();
  });
  return select;
}

function reset() {
  clearFilters();
  state.sort = null;
  drawFilters();
  drawHead();
  show();
}

function current() {
  return document.activeElement?.closest?.(".body .row") ?? null;
}

function move(step) {
  const rows = [...body.querySelectorAll(":scope > .row")];
  const at = rows.indexOf(current());
  const next = rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)];
  if (!next) return;
  toggleOf(next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  0: reset,
  "/": () => search.focus(),
  "?": () => document.getElementById("keys").showModal(),
  Escape: () => current() && openRow(current(), false),
  ...Object.fromEntries(LISTS.map((list) => [list.key, () => choose(list)])),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.getElementById("keys").open) return;
  const typing = event.target.closest?.("input, select, textarea");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.querySelector(".tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const list = LISTS[(LISTS.indexOf(state.list) + step + LISTS.length) % LISTS.length];
  choose(list);
  document.getElementById(`tab-${list.name}`).focus();
});

body.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  // Text that somebody marks to copy is no wish to close the case.
  const marked = event.detail > 0 && !getSelection().isCollapsed;
  if (!row || event.target.closest(".details") || marked) return;
  openRow(row);
  bringIntoSight(row);
});

search.addEventListener("input", () => {
  state.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  show();
});
document.getElementById("reset").addEventListener("click", reset);
document.getElementById("help").addEventListener("click", KEYS["?"]);
document.getElementById("print").addEventListener("click", () => print());
document.getElementById("theme").addEventListener("click", () => {
  theme = (theme + 1) % THEMES.length;
  paint();
});
dark.addEventListener("change", paint);
addEventListener("beforeprint", () => {
  drawAll();
  body.querySelectorAll(":scope > .row").forEach((row, place) => row.classList.toggle("unprinted", place >= MOST_PRINTED));
});

paint();
drawTabs();
choose(LISTS[0]);
