// One row a case: a line of facts, a line of reasons, and the details below it when it is opened.
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

const COLUMNS = [
  { name: "rank", label: "Rank", down: false, tell: tellCount },
  { name: "tier", label: "Due within", down: false, draw: drawTier },
  { name: "case_id", label: "Case", down: false, text: true },
  { name: "score", label: "Score", marked: true, down: true, tell: tellScore, beside: ["youth"] },
  { name: "probability", label: "Probability", down: true, draw: drawProbability, beside: ["youth"] },
  { name: "due_at", label: "Due", marked: true, down: false, tell: tellDay },
  { name: "waiting_hours", label: "Waiting", marked: true, down: true, tell: tellWaiting },
  { name: "reports", label: "Reports", marked: true, down: true, tell: tellCount },
  { name: "country", label: "Country", down: false, text: true, tell: tellCodes },
  { name: "sources", label: "Sources", down: false, text: true, tell: tellCodes },
];

function drawTier(cell, row) {
  const tier = value(row, "tier");
  if (tier === null) return;
  const badge = make("span", `tier tier-${tier}`);
  badge.append(make("b", "", tier), ` ${TIERS[tier] ?? ""}`);
  cell.append(badge);
}

function drawProbability(cell, row) {
  const share = value(row, "probability");
  if (share === null) return;
  const low = value(row, "probability_low");
  const high = value(row, "probability_high");
  cell.append(make("b", "", tellShare(share)));
  if (low !== null && high !== null) {
    cell.append(make("small", "", ` ${tellShare(low).slice(0, -2)}\u2013${tellShare(high).slice(0, -2)}`));
  }
}

function columnsOf(list) {
  return COLUMNS.filter((column) => has(column.name) && !(column.beside ?? []).includes(list.name));
}

function drawCells(element, list, row) {
  for (const column of columnsOf(list)) {
    const cell = make("div", `cell ${column.name}`);
    cell.setAttribute("role", "cell");
    const held = value(row, column.name);
    if (column.marked && held !== null) cell.dataset.label = column.label.toLowerCase();
    if (column.name === "rank") {
      const toggle = make("button", "toggle", tellCount(held));
      toggle.type = "button";
      toggle.setAttribute("aria-expanded", "false");
      toggle.setAttribute("aria-label", `Rank ${held}, case ${value(row, "case_id")}: details`);
      cell.append(toggle);
    } else if (column.draw) {
      column.draw(cell, row);
    } else if (held !== null) {
      cell.textContent = column.tell ? column.tell(held) : held;
      if (column.text) cell.title = cell.textContent;
    }
    element.append(cell);
  }
}

const SOON = 30;

function drawWhy(list, row) {
  const cell = make("div", "cell why");
  cell.setAttribute("role", "cell");
  const lane = value(row, "lane");
  if (lane === "escalated" || lane === "unreadable") cell.append(make("span", `lane ${lane}`, lane));
  const due = value(row, "due_at");
  if (due !== null && content.as_of !== null && due < content.as_of) cell.append(make("span", "lane", "overdue"));
  const imminence = value(row, "imminence");
  if (imminence) cell.append(make("span", "imminence", plain(imminence)));
  const days = value(row, "evidence_days");
  if (days !== null && days <= SOON) cell.append(make("span", "tag", tellEvidence(days)));
  const lists = value(row, "lists");
  if (lists) cell.append(make("span", "tag", `also: ${tellCodes(lists)}`));
  cell.append((value(row, "reasons") ?? []).join(" \u00b7 "));
  return cell;
}

const drawn = new Map();

function drawRow(list, row) {
  let element = drawn.get(row);
  if (element) return element;
  element = make("div", "row");
  element.setAttribute("role", "row");
  element.dataset.row = row;
  element.dataset.tier = value(row, "tier") ?? "";
  drawCells(element, list, row);
  element.append(drawWhy(list, row));
  drawn.set(row, element);
  return element;
}

function toggleOf(element) {
  return element.querySelector(".toggle");
}

function openRow(element, open) {
  const toggle = toggleOf(element);
  const isOpen = toggle.getAttribute("aria-expanded") === "true";
  if (open === isOpen) return;
  toggle.setAttribute("aria-expanded", String(!isOpen));
  element.classList.toggle("open", !isOpen);
  if (isOpen) element.querySelector(".details").remove();
  else element.append(drawDetails(Number(element.dataset.row)));
}

// What was opened below the edge of the screen comes into sight, its head first where it is too long.
function bringIntoSight(element) {
  const { bottom, height } = element.getBoundingClientRect();
  if (bottom > innerHeight) element.scrollIntoView({ block: height < 0.8 * innerHeight ? "nearest" : "start" });
}
