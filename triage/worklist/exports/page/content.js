"use strict";
// What the page is drawn from: columns of the list, read as data and only ever shown as text.
const content = JSON.parse(document.getElementById("content").textContent);
const columns = content.columns;
const ROWS = content.rows;

function has(name) {
  return Object.hasOwn(columns, name) && columns[name].at.some((at) => at !== null && at !== undefined);
}

function value(row, name) {
  if (!Object.hasOwn(columns, name)) return null;
  const column = columns[name];
  const at = column.at[row];
  if (at === null || at === undefined) return null;
  if (column.kind === "text") return column.words[at];
  if (column.kind === "sentences") return at.map((place) => column.words[place]);
  return at;
}

const told = new Intl.NumberFormat("en-GB");
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });

function tellCount(number) {
  return told.format(number);
}

function tellTime(seconds) {
  const date = new Date(seconds * 1000);
  return `${day.format(date)}, ${clock.format(date)} UTC`;
}

function tellDay(seconds) {
  return day.format(new Date(seconds * 1000));
}

function tellWaiting(hours) {
  return hours < 72 ? `${told.format(Math.round(hours))} h` : `${told.format(Math.floor(hours / 24))} days`;
}

function tellEvidence(days) {
  return days < 0 ? "evidence may be gone" : `evidence kept ${tellCount(Math.floor(days))} more days`;
}

function tellShare(share) {
  const percent = 100 * share;
  return `${percent < 10 && percent > 0 ? Number(percent.toPrecision(2)) : Math.round(percent)} %`;
}

function tellScore(score) {
  return String(Number(score.toPrecision(4))).replace("-", "\u2212");
}

function tellPoints(points, whole) {
  const size = Math.abs(points).toFixed(whole ? 0 : 2);
  return `${points < 0 ? "\u2212" : "+"}${size}`;
}

function plain(code) {
  return code.replaceAll("_", " ");
}

function tellCodes(codes) {
  return codes.split(" ").map(plain).join(", ");
}

const TIERS = { 1: "24 h", 2: "7 days", 3: "14 days", 4: "30 days", 5: "not planned" };

const LISTS = [
  {
    name: "main", label: "Worklist", key: "1",
    holds: (lane) => lane !== "youth" && lane !== "paused",
    lead: "Unreadable first, then escalated, then by score. Whatever is not opened stays on the list.",
    empty: "No case in this list.",
  },
  {
    name: "youth", label: "Children to protect", key: "2",
    holds: (lane) => lane === "youth",
    lead: "Here the reported person is a child too, or made the material alone, or both sides are minors. They are to be helped: those in crisis first, then those who wait longest. No score is given.",
    empty: "No child to protect in this list.",
  },
  {
    name: "paused", label: "Paused", key: "3",
    holds: (lane) => lane === "paused",
    lead: "Another investigation has the person. Shown so that nothing is lost; speak with the colleagues first.",
    empty: "No paused case in this list.",
  },
];
