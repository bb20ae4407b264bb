"use strict";
// Text is inserted only with textContent, so text of a document never becomes markup.
const tip = document.querySelector(".tip");
const switches = { w: "words", l: "lines", o: "order", g: "grid", s: "scores", t: "tokens" };
let marked = [];
let current = null; // { view, word }: the word that the arrow keys start from

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function mark(...elements) {
  marked.forEach((old) => old.classList.remove("hot"));
  marked = elements.filter(Boolean);
  marked.forEach((chosen) => chosen.classList.add("hot"));
}

function tokenChip([id, piece]) {
  const chip = element("code", piece);
  chip.append(element("small", id));
  return chip;
}

function fillTip(facts, word) {
  const [box, score] = [facts.box[word].join(" "), facts.score[word].toFixed(3)];
  const where = `word ${word} · line ${facts.line[word]} · cell ${facts.cell[word]} · score ${score} · box ${box}`;
  const tokens = element("div", facts.tokens[word].length ? "" : "no token");
  tokens.append(...facts.tokens[word].map(tokenChip));
  tip.replaceChildren(element("b", facts.text[word]), element("span", where), tokens);
}

function placeTip(rectangle) {
  const { left, top, bottom } = rectangle.getBoundingClientRect();
  const below = bottom + 8 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${below ? bottom + 8 : Math.max(8, top - 8 - tip.offsetHeight)}px`;
}

function showRow(row) {
  const list = row.closest(".reading");
  const [inside, around] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inside.top < around.top || inside.bottom > around.bottom) {
    list.scrollTop += inside.top - around.top - around.height / 2;
  }
}

function showWord(view, word) {
  const row = view.rows[view.row[word]];
  current = { view, word };
  mark(view.words[word], row, view.cells[view.facts.cell[word]]);
  showRow(row);
  tip.hidden = !document.getElementById("show-tokens").checked;
  if (!tip.hidden) {
    fillTip(view.facts, word);
    placeTip(view.words[word]);
  }
}

function leave() {
  mark();
  tip.hidden = true;
}

function open(article) {
  const all = (selector) => [...article.querySelectorAll(selector)];
  const facts = JSON.parse(article.querySelector("script").textContent);
  const view = { facts, words: all(".word"), rows: all(".reading li"), cells: all(".cells b") };
  const lines = all(".boxes g");
  view.row = view.words.map((word) => lines.indexOf(word.parentNode));
  const number = new Map(view.words.map((word, index) => [word, index]));
  const boxes = article.querySelector(".boxes");
  boxes.addEventListener("pointerover", ({ target }) => (number.has(target) ? showWord(view, number.get(target)) : leave()));
  boxes.addEventListener("pointerleave", leave);
  view.rows.forEach((row, index) => {
    row.addEventListener("pointerenter", () => mark(row, lines[index].querySelector(".row")));
    row.addEventListener("pointerleave", leave);
  });
  return view.words.length;
}

function step(by) {
  const word = current.word + by;
  if (word in current.view.words) {
    current.view.words[word].scrollIntoView({ block: "nearest" });
    showWord(current.view, word);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in switches) document.getElementById(`show-${switches[event.key]}`).click();
  if (event.key === "Escape") leave();
  if (current && event.key === "ArrowRight") step(1);
  if (current && event.key === "ArrowLeft") step(-1);
});

document.body.dataset.words = [...document.querySelectorAll("article")].map(open).reduce((sum, words) => sum + words, 0);
