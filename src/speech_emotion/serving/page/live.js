// The microphone, once it is allowed: its sound goes to the server, and what it sounds like comes back twice a second.

import {row, saveCsv, saveJson} from "/page/download.js";
import {Phrase} from "/page/phrase.js";
import {openStream, transcribe} from "/page/server.js";
import {Timeline} from "/page/timeline.js";
import {bars, howSure, phrases, sounds} from "/page/tones.js";

const find = (id) => document.getElementById(id);
const UNSENT = 4_000_000; // bytes, about 20 s: the server or the line is too slow
const AS_IT_IS = {echoCancellation: false, noiseSuppression: false, autoGainControl: false}; // these change the tone

const MICROPHONE = {
  NotAllowedError: "The microphone was not allowed; the browser asks again once you allow it in its settings.",
  NotFoundError: "No microphone was found.",
  NotReadableError: "The microphone is used by another program.",
};

let session = null; // of the microphone that is open
let latest = null; // the same, and after it was closed: its last answers are still to come
let opening = false;
let moments = [], said = [];

// `chosen()` is {model, words}.
export function takeVoice(chosen) {
  const timeline = new Timeline(find("timeline"), find("runs"));
  const allow = () => { find("start").disabled = !find("agree").checked; };
  find("agree").addEventListener("change", allow);
  allow();
  find("start").addEventListener("click", () => begin(chosen(), timeline));
  find("stop").addEventListener("click", () => stop("Stopped; the microphone is closed."));
  find("live-json").addEventListener("click", () => saveJson("live.json", {moments, words: said}));
  find("live-csv").addEventListener("click", () =>
    saveCsv("live.csv", moments.map(row), ["start", "end", "label", "confidence"]));
}

async function begin({model, words}, timeline) {
  if (opening) return;
  opening = true; // the button is not disabled: it would lose the focus
  tell("The browser is asked for the microphone …");
  const opened = await microphone();
  opening = false;
  if (!opened) return;
  const {sound, context, recorder} = opened;
  moments = [];
  said = [];
  timeline.clear();
  find("live-words").replaceChildren();
  find("live-words-part").hidden = !words;
  const socket = openStream();
  socket.binaryType = "arraybuffer";
  const current = {sound, context, socket, words, model, emotions: [], phrase: new Phrase(context.sampleRate)};
  session = latest = current;
  show(true);
  tell("Connecting …");
  const adapt = find("adapt").checked ? "session" : "none";
  socket.onopen = () => socket.send(JSON.stringify(
    {type: "start", version: 1, rate: Math.round(context.sampleRate), encoding: "float32", adapt, model}));
  socket.onmessage = ({data}) => heard(current, JSON.parse(data), timeline);
  socket.onclose = ({code}) => closed(current, code);
  recorder.port.onmessage = ({data}) => feed(current, data);
  sound.getAudioTracks()[0].onended = () => stop("The microphone is gone; start again once it is back.");
}

async function microphone() {
  if (!navigator.mediaDevices || !globalThis.AudioWorkletNode) {
    tell("Browsers give the microphone only to pages of this machine (localhost), or over https.");
    return null;
  }
  let sound = null, context = null;
  try {
    sound = await navigator.mediaDevices.getUserMedia({audio: AS_IT_IS});
    context = new AudioContext();
    await context.audioWorklet.addModule("/page/recorder.js");
    await context.resume();
    const recorder = new AudioWorkletNode(context, "recorder", {numberOfOutputs: 0});
    context.createMediaStreamSource(sound).connect(recorder);
    return {sound, context, recorder};
  } catch (error) {
    sound?.getTracks().forEach((track) => track.stop());
    context?.close();
    tell(MICROPHONE[error.name] ?? `The microphone could not be opened: ${error.message}`);
    return null;
  }
}

function feed(current, block) {
  level(block);
  const {socket} = current;
  if (current !== session || socket.readyState !== WebSocket.OPEN || !current.ready) return;
  if (socket.bufferedAmount > UNSENT) return stop("The server hears more slowly than you speak; it was stopped.");
  socket.send(block);
  if (current.words) current.phrase.add(block);
}

function heard(current, message, timeline) {
  if (current !== latest) return;
  if (message.type === "ready") {
    current.ready = true;
    current.emotions = message.emotions;
    find("live-bars").replaceChildren(...bars(message.emotions.map((label) => ({label, score: 0}))));
    tell("Listening.");
  } else if (message.type === "moment") {
    const {type, raw, ...moment} = message;
    moments.push(moment);
    timeline.add(moment);
    showMoment(moment, current.emotions);
    if (current.words) write(current, current.phrase.hear(moment));
  } else if (message.type === "end") {
    if (current.words) write(current, current.phrase.rest());
  } else if (message.type === "error") {
    current.refusal = message.message;
  }
}

function showMoment({label, confidence, scores, changed, settled}, emotions) {
  find("now").dataset.tone = label;
  find("now").textContent = sounds(label);
  find("sure").textContent = howSure(label, confidence, scores);
  const known = Object.fromEntries(scores.map((each) => [each.label, each.score]));
  const spoken = label !== "no speech";
  find("live-bars").replaceChildren(...bars(emotions.map((each) => ({label: each, score: spoken ? known[each] : 0}))));
  if (changed) find("changes").textContent = sounds(settled); // only this is read aloud, not twice a second
}

// A phrase is written down, in its place: words may come back in another order.
async function write(current, phrase) {
  if (!phrase) return;
  const place = document.createElement("div");
  find("live-words").append(place);
  try {
    const {segments} = await transcribe(phrase.wav, "phrase.wav", current.model);
    if (current !== latest) return;
    place.replaceChildren(...phrases(segments, phrase.start));
    for (const {start, end, text, emotion, confidence, scores} of segments) {
      said.push({start: start + phrase.start, end: end + phrase.start, text: text.trim(), emotion, confidence, scores});
    }
    said.sort((a, b) => a.start - b.start);
  } catch (error) {
    place.textContent = `These words were not written down: ${error.message}`;
  }
}

function stop(why) {
  if (!session) return;
  const {sound, context, socket, ready} = session;
  session.why = why;
  session = null;
  sound.getTracks().forEach((track) => track.stop());
  context.close();
  if (socket.readyState === WebSocket.OPEN && ready) socket.send(JSON.stringify({type: "end"}));
  else socket.close();
  show(false);
  tell(why);
}

function closed(current, code) {
  if (current.refusal) current.why = `The server said: ${current.refusal}`;
  else if (code === 1012) current.why = "The server shuts down; start again later.";
  else if (!current.why) current.why = current.ready ? "The connection broke." : "The server did not take the connection.";
  if (session === current) stop(current.why);
  else if (current === latest) tell(current.why);
}

function level(block) {
  let sum = 0;
  for (const sample of block) sum += sample * sample;
  const decibels = Math.max(-60, 10 * Math.log10(sum / block.length + 1e-12));
  find("level").value = decibels;
  find("level").textContent = `${Math.round(decibels)} dB`;
}

function show(open) {
  const focused = document.activeElement;
  find("consent").hidden = open;
  find("start").hidden = open;
  find("stop").hidden = !open;
  find("model").disabled = open;
  find("level-part").hidden = !open;
  if (open) {
    find("live").hidden = false;
    find("now").dataset.tone = "no speech";
    find("now").textContent = "…";
    find("sure").textContent = "The first answer comes after three seconds.";
  }
  if (focused === find("start") || focused === find("stop")) find(open ? "stop" : "start").focus();
}

function tell(text) {
  find("live-state").textContent = text;
}
