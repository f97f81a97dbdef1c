// Recordings, one after the other, each a row: what it sounds like, how sure, its words.

import {row, saveCsv, saveJson} from "/page/download.js";
import {ask, form, transcribe} from "/page/server.js";
import {bars, element, howSure, phrases, sounds} from "/page/tones.js";

const find = (id) => document.getElementById(id);
const queue = [];
let answers = [];
let working = false;

// `chosen()` is {model, words}; `refused` is called with what the server refused.
export function takeFiles(chosen, refused) {
  const drop = find("drop"), input = find("files");
  input.addEventListener("change", () => {
    add(input.files);
    input.value = ""; // the same file may be chosen again
  });
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault()); // never open it
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    add(event.dataTransfer.files);
  });
  find("clear").addEventListener("click", () => {
    queue.length = 0;
    answers = [];
    find("results").replaceChildren();
    find("results-downloads").hidden = true;
    find("files").focus();
  });
  find("files-json").addEventListener("click", () => saveJson("emotions.json", answers));
  find("files-csv").addEventListener("click", () => saveCsv("emotions.csv", answers.map(asRow), FIRST));

  function add(files) {
    for (const file of files) {
      const state = element("p", {className: "small"}, "waiting");
      const line = element("li", {}, element("h3", {}, file.name), state);
      find("results").append(line);
      queue.push({file, line, state});
    }
    work();
  }

  async function work() {
    if (working) return;
    working = true;
    while (queue.length) {
      const next = queue.shift();
      next.state.textContent = "is heard …";
      const answer = await heard(next.file, chosen(), refused);
      if (!next.line.isConnected) continue; // it was cleared away
      answers.push(answer);
      next.line.replaceChildren(...shown(answer));
      find("results-downloads").hidden = false;
      const said = answer.error ?? `${sounds(labelOf(answer))}, ${howSure(...told(answer))}`;
      find("files-state").textContent = `${answer.path}: ${said}`;
    }
    working = false;
  }
}

const FIRST = ["path", "duration", "emotion", "confidence"];

async function heard(file, {model, words}, refused) {
  try {
    const answer = words
      ? await transcribe(file, file.name, model)
      : await ask("/v1/emotion", {method: "POST", body: form(file, file.name, {model, segments: true})});
    const {task, usage, ...values} = answer;
    return {path: file.name, ...values, model};
  } catch (error) {
    refused(error);
    return {path: file.name, error: error.message};
  }
}

function asRow({segments, words, language, ...answer}) {
  return row(answer);
}

function labelOf({emotion, spoken}) {
  return emotion ?? (spoken ? "not sure" : "no speech");
}

function told(answer) {
  return [labelOf(answer), answer.confidence, answer.scores];
}

function shown(answer) {
  const title = element("h3", {}, answer.path);
  if (answer.error) return [title, element("p", {className: "trouble"}, `Not heard: ${answer.error}`)];
  const label = labelOf(answer);
  const parts = [title, element("p", {className: "heard", tone: label}, sounds(label), " ",
    element("span", {className: "sure"}, howSure(...told(answer))))];
  if (answer.spoken) { // else the scores mean nothing
    const list = element("ul", {className: "bars"}, ...bars(answer.scores.filter(({score}, at) => at < 3 || score >= 0.01)));
    list.setAttribute("aria-label", `How ${answer.path} sounds`);
    parts.push(list);
  }
  if (answer.text !== undefined) {
    const said = answer.segments.length ? phrases(answer.segments) : [element("p", {className: "small"}, "No words were heard.")];
    parts.push(element("div", {className: "words"}, ...said));
  }
  return parts;
}
