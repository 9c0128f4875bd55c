// What is behind one case: every term of its score, what is not known, and the facts beside the score.
const FACTS = [
  ["case_id", "Case", (text) => text],
  ["aliases", "Before it was merged", (text) => text],
  ["imminence", "Escalated for", plain],
  ["due_at", "Due", tellTime],
  ["received_at", "First report", tellTime],
  ["waiting_hours", "Waiting", tellWaiting],
  ["reports", "Reports", tellCount],
  ["batch", "Came with", (text) => text],
  ["sources", "Sources", tellCodes],
  ["country", "Country", tellCodes],
  ["solvability", "Can be acted on", plain],
  ["preserve_until", "Evidence kept until", tellTime],
  ["evidence_days", "Evidence", tellEvidence],
  ["completeness", "Answers known", tellShare],
  ["tied", "With the same score", tellCount],
  ["unit", "Unit", (text) => text],
  ["lists", "Also on the lists", tellCodes],
];

function drawDetails(row) {
  const cell = make("div", "details");
  cell.setAttribute("role", "cell");
  const explained = Object.hasOwn(content.details.cases, row) ? content.details.cases[row] : null;
  const why = make("section", "because");
  if (explained) drawTerms(why, explained, row);
  else drawSentences(why, row);
  const side = make("div", "beside");
  drawCheck(side, row);
  drawFacts(side, row);
  if (explained) drawUnknown(side, explained, row);
  cell.append(why, side);
  return cell;
}

function drawSentences(section, row) {
  const youth = value(row, "lane") === "youth";
  section.append(make("h3", "", youth ? "Why this child stands here" : "Why it stands here"));
  section.append(drawList(value(row, "reasons") ?? []));
  const missing = value(row, "missing") ?? [];
  if (missing.length) section.append(make("h3", "", "Not known"), drawList(missing));
}

function drawList(sentences) {
  const list = make("ul", "sentences");
  for (const sentence of sentences) list.append(make("li", "", sentence));
  return list;
}

function drawTerms(section, explained, row) {
  const known = explained.terms.filter((term) => term[2] === 1 && Math.abs(term[3]) >= 0.005);
  const most = Math.max(...explained.terms.map((term) => Math.abs(term[3])), 1e-9);
  section.append(make("h3", "", "Why it stands here"));
  const table = make("table", "terms");
  const caption = make("caption", "", `What each fact adds to the score, in ${explained.unit}`);
  table.append(caption, headings(["adds", "", "because", "rests on"]));
  const body = make("tbody");
  for (const [feature, sentence, , points] of known) {
    const line = make("tr");
    line.append(make("td", "points", tellPoints(points, explained.whole)), drawBar(points / most));
    line.append(make("td", "because", content.details.sentences[sentence]));
    line.append(make("td", "source", content.details.features[feature][2]));
    body.append(line);
  }
  const silent = explained.terms.filter((term) => !(term[2] === 1 && Math.abs(term[3]) >= 0.005));
  const rest = silent.reduce((sum, term) => sum + term[3], explained.rest[1]);
  addLine(body, rest, "facts not known, and what adds next to nothing", explained.whole);
  if (explained.start) addLine(body, explained.start, "to start with", explained.whole);
  const score = value(row, "score");
  const total = make("tr", "total");
  total.append(make("td", "points", score === null ? "" : tellScore(score)), make("td"), make("td", "", "score"), make("td"));
  body.append(total);
  table.append(body);
  section.append(table);
  const note = content.details.notes[explained.note];
  if (note) section.append(make("p", "note", `Reasons: ${note}`));
}

function addLine(body, points, says, whole) {
  if (Math.abs(points) < 0.005) return;
  const line = make("tr", "rest");
  line.append(make("td", "points", tellPoints(points, whole)), make("td"), make("td", "", says), make("td"));
  body.append(line);
}

function headings(labels) {
  const head = make("thead");
  const line = make("tr");
  for (const label of labels) {
    const cell = make(label ? "th" : "td", "", label);
    if (label) cell.scope = "col";
    line.append(cell);
  }
  head.append(line);
  return head;
}

function drawBar(share) {
  const cell = make("td", "bar-cell");
  const bar = make("span", share < 0 ? "bar-down" : "bar-up");
  bar.style.inlineSize = `${Math.round(50 * Math.abs(share))}%`;
  bar.setAttribute("aria-hidden", "true");
  cell.append(bar);
  return cell;
}

function drawCheck(side, row) {
  const check = value(row, "check");
  if (!check) return;
  const box = make("section", "check");
  box.append(make("h3", "", "Ask first"), make("p", "", check));
  side.append(box);
}

function drawUnknown(side, explained, row) {
  const unknown = explained.terms.filter((term) => term[2] === 0);
  const missing = value(row, "missing") ?? [];
  if (!unknown.length && !missing.length) return;
  const section = make("section", "unknown");
  section.append(make("h3", "", "Not known"));
  if (missing.length) section.append(drawList(missing));
  if (unknown.length) {
    const table = make("table");
    table.append(make("caption", "", "What each answer would add"), headings(["question", "now", "if not", "if so"]));
    const body = make("tbody");
    for (const [, sentence, , now, no, yes] of unknown) {
      const line = make("tr");
      line.append(make("td", "", content.details.sentences[sentence].replace(/^not (known|stated): /, "")));
      for (const points of [now, no, yes]) {
        line.append(make("td", "points", points === null ? "" : tellPoints(points, explained.whole)));
      }
      body.append(line);
    }
    table.append(body);
    section.append(table);
  }
  side.append(section);
}

function drawFacts(side, row) {
  const section = make("section", "facts");
  section.append(make("h3", "", "Facts"));
  const list = make("dl");
  for (const [name, label, tell] of FACTS) {
    const held = value(row, name);
    if (held === null || held === "" || (name === "tied" && held < 2)) continue;
    const term = make("dt", "", label);
    if (content.says[name]) term.title = content.says[name];
    list.append(term, make("dd", name, tell(held)));
  }
  section.append(list);
  side.append(section);
}
