// Which cases are shown, in which order. Filters hide; they never change the list.
const body = document.querySelector(".body");
const state = { list: LISTS[0], sort: null, tiers: new Set(), chosen: {}, words: [] };
const rowsOf = new Map(LISTS.map((list) => [list.name, []]));
for (let row = 0; row < ROWS; row += 1) {
  const lane = value(row, "lane") ?? "";
  rowsOf.get(LISTS.find((list) => list.holds(lane)).name).push(row);
}
const CHOICES = [["lane", "All lanes"], ["sources", "All sources"], ["country", "All countries"], ["unit", "All units"]];
const SEARCHED = ["case_id", "aliases", "reasons", "missing", "check", "sources", "country", "solvability", "imminence", "lists", "unit"];
const MOST_PRINTED = 500;
const AT_ONCE = 60;
const IN_ONE_GO = 400;
const MOST_IN_ONE_GO = 3200;
const haystacks = [];
let shown = [];
let waiting = 0;

function haystack(row) {
  haystacks[row] ??= SEARCHED.map((name) => [value(row, name) ?? ""].flat().join(" ")).join(" ").toLowerCase();
  return haystacks[row];
}

function partsOf(row, name) {
  const held = value(row, name);
  if (!held) return ["unknown"];
  return name === "sources" || name === "country" ? held.split(" ") : [held];
}

function isShown(row) {
  if (state.tiers.size && !state.tiers.has(value(row, "tier"))) return false;
  for (const [name, wanted] of Object.entries(state.chosen)) {
    if (wanted && !partsOf(row, name).includes(wanted)) return false;
  }
  return state.words.every((word) => haystack(row).includes(word));
}

function compare(column, down) {
  return (one, other) => {
    const left = value(one, column.name);
    const right = value(other, column.name);
    if (left === right) return one - other;
    if (left === null || left === "") return 1;
    if (right === null || right === "") return -1;
    const order = typeof left === "string" ? left.localeCompare(right) : left - right;
    return (down ? -order : order) || one - other;
  };
}

// The first rows at once, the others in slices, so that the page answers from the start.
function show() {
  shown = rowsOf.get(state.list.name).filter(isShown);
  if (state.sort) shown.sort(compare(state.sort.column, state.sort.down));
  const ticket = (waiting += 1);
  const all = [];
  const draw = (from, to) => {
    const slice = [];
    for (const row of shown.slice(from, to)) {
      if (isCut(row, all.length ? all[all.length - 1] : null)) slice.push(drawCut());
      slice.push(drawRow(state.list, row));
      all.push(row);
    }
    return slice;
  };
  body.replaceChildren(...draw(0, AT_ONCE));
  body.setAttribute("aria-busy", String(AT_ONCE < shown.length));
  // Ever larger slices: each one makes the browser look at all rows before it.
  const next = (from, size) => {
    if (ticket !== waiting) return;
    body.append(...draw(from, from + size));
    if (from + size < shown.length) setTimeout(next, 0, from + size, Math.min(2 * size, MOST_IN_ONE_GO));
    else body.setAttribute("aria-busy", "false");
  };
  if (AT_ONCE < shown.length) setTimeout(next, 0, AT_ONCE, IN_ONE_GO);
  tell();
}

function drawAll() {
  waiting += 1;
  const missing = shown.filter((row) => !drawn.get(row)?.isConnected);
  body.append(...missing.map((row) => drawRow(state.list, row)));
  body.setAttribute("aria-busy", "false");
}

function isCut(row, before) {
  if (state.list.name !== "main" || state.sort || content.capacity === null || before === null) return false;
  return value(before, "rank") <= content.capacity && value(row, "rank") > content.capacity;
}

function drawCut() {
  const line = make("div", "cut");
  line.setAttribute("role", "row");
  const cell = make("div", "", `Capacity ends here, after ${tellCount(content.capacity)} cases. Below, nothing is promised; all are scored again with each batch.`);
  cell.setAttribute("role", "cell");
  line.append(cell);
  return line;
}

function tell() {
  const all = rowsOf.get(state.list.name).length;
  const filtered = shown.length < all;
  const sorted = state.sort ? `, sorted by ${state.sort.column.label.toLowerCase()}` : "";
  const count = filtered ? `${tellCount(shown.length)} of ${tellCount(all)} cases` : `${tellCount(all)} cases`;
  document.getElementById("status").textContent = all ? `${count}${sorted}` : state.list.empty;
  document.getElementById("reset").hidden = !filtered && !state.sort;
  document.getElementById("lead").textContent = state.list.lead;
  document.getElementById("print-end").textContent =
    shown.length > MOST_PRINTED ? `Printed: the first ${tellCount(MOST_PRINTED)} of ${tellCount(shown.length)} cases shown. Filter the page to print others.` : "";
}

function sortBy(column) {
  const same = state.sort?.column === column;
  if (!same) state.sort = { column, down: column.down };
  else if (state.sort.down === column.down) state.sort.down = !column.down;
  else state.sort = null;
  drawHead();
  show();
}

function drawHead() {
  const line = make("div", "row");
  line.setAttribute("role", "row");
  for (const column of columnsOf(state.list)) {
    const cell = make("div", `cell ${column.name}`);
    cell.setAttribute("role", "columnheader");
    const sorted = state.sort?.column === column;
    cell.setAttribute("aria-sort", sorted ? (state.sort.down ? "descending" : "ascending") : "none");
    const button = make("button", "", column.label);
    button.type = "button";
    button.title = content.says[column.name] ?? "";
    button.append(make("span", "arrow", sorted ? (state.sort.down ? "\u25be" : "\u25b4") : ""));
    button.addEventListener("click", () => {
      sortBy(column);
      document.querySelector(`.head .${column.name} button`).focus();
    });
    cell.append(button);
    line.append(cell);
  }
  const why = make("div", "cell unseen", "Why");
  why.setAttribute("role", "columnheader");
  line.append(why);
  document.querySelector(".head").replaceChildren(line);
  document.querySelector(".table").dataset.list = state.list.name;
  document.querySelector(".table").classList.toggle("no-probability", !has("probability"));
}
