// How an answer is shown: always a word, and a colour beside it. It sounds so; nobody knows whether it is so.

const ADJECTIVES = {disgust: "disgusted"}; // the other names are adjectives already

export function sounds(label) {
  if (label === "not sure") return "Not sure";
  if (label === "no speech") return "No speech";
  return `Sounds ${ADJECTIVES[label] ?? label}`;
}

export function percent(part) {
  return part >= 0.995 ? ">99 %" : `${Math.round(100 * part)} %`; // nothing is certain
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// How sure an answer is, in words.
export function howSure(label, confidence, scores) {
  if (label === "no speech") return "Nobody speaks, or too little to answer.";
  if (label === "not sure") return `Closest to ${scores[0].label}, ${percent(confidence)}: too little to say.`;
  return `${percent(confidence)} sure`;
}

export function element(name, properties = {}, ...children) {
  const {tone, ...rest} = properties;
  const made = Object.assign(document.createElement(name), rest);
  if (tone) made.dataset.tone = tone;
  made.append(...children);
  return made;
}

// A row for each score, in the order in which they come.
export function bars(scores) {
  return scores.map(({label, score}) => {
    const filled = element("span");
    filled.style.width = `${Math.round(100 * score)}%`;
    const track = element("span", {className: "track"}, filled);
    track.setAttribute("aria-hidden", "true");
    return element("li", {tone: label}, element("span", {}, label), track,
      element("span", {className: "part"}, percent(score)));
  });
}

// Segments of a transcript, each with its tone in words; times count from `offset` seconds.
export function phrases(segments, offset = 0) {
  return segments.map(({start, text, emotion, confidence}) => {
    const label = emotion ?? "not sure";
    const tag = emotion ? `${sounds(label)}, ${percent(confidence)}` : sounds(label);
    return element("p", {tone: label}, element("span", {className: "tag"}, tag), text.trim(),
      element("span", {className: "small"}, clock(start + offset)));
  });
}
