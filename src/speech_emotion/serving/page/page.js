// The page: finds out what the server can do, asks for a token where it wants one, and wires the rest.

import {takeFiles} from "/page/files.js";
import {takeVoice} from "/page/live.js";
import {ask, setToken} from "/page/server.js";

const find = (id) => document.getElementById(id);
let licences = new Map();

async function enter() {
  try {
    const {data} = await ask("/v1/models");
    find("token-form").hidden = true;
    find("trouble").hidden = true;
    offer(data);
  } catch (error) {
    refused(error);
  }
}

function offer(models) {
  const tones = models.filter((model) => model.kind === "emotion");
  const words = models.some((model) => model.kind === "transcription");
  licences = new Map(tones.map((model) => [model.id, model.licence]));
  const kept = find("model").value;
  find("model").replaceChildren(...tones.map((model) => new Option(model.id, model.id)));
  if (licences.has(kept)) find("model").value = kept;
  find("words-choice").hidden = find("words-consent").hidden = !words;
  find("with-words").checked = words;
  find("settings").hidden = find("ways").hidden = false;
  licence();
}

function licence() {
  const known = licences.get(find("model").value);
  find("licence").textContent = known ? `licence: ${known}` : "";
}

// A token that is missing or wrong is asked for; everything else is told.
function refused(error) {
  const wanted = error.status === 401;
  const first = wanted && find("token-form").hidden;
  if (wanted) find("token-form").hidden = false;
  if (wanted) find("token").focus();
  find("trouble").hidden = first;
  find("trouble").textContent = wanted ? "This token is not the server's." : `The server: ${error.message}`;
}

find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(find("token").value);
  find("token").value = "";
  enter();
});
find("model").addEventListener("change", licence);
find("place").textContent = location.host;

const chosen = () => ({
  model: find("model").value,
  words: !find("words-choice").hidden && find("with-words").checked,
});
takeFiles(chosen, (error) => { if (error.status === 401) refused(error); });
takeVoice(() => ({...chosen(), words: !find("words-choice").hidden}));
enter();
