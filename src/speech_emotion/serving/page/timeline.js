// What the last minute sounded like: a column a moment, as high as it is sure, and the same in words.

import {clock, sounds} from "/page/tones.js";

const SECONDS = 60;
const NARROW = 480; // px, below which half of it is shown, so that the words fit
const LABELS = 18; // px below the columns, for words

export class Timeline {
  constructor(canvas, list) {
    this.canvas = canvas;
    this.list = list;
    this.clear();
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  clear() {
    this.moments = [];
    this.list.replaceChildren();
    this.last = null;
    this.canvas.setAttribute("aria-label", "Nothing was heard yet");
  }

  add(moment) {
    const before = this.moments.at(-1)?.end ?? moment.end - 0.5;
    const {label, confidence, end} = moment;
    this.moments.push({label, confidence, start: before, end});
    this.moments = this.moments.filter((each) => each.end > end - SECONDS);
    this.tell(label, before, end);
    this.draw();
  }

  // In words: a line for each stretch of one label, and a sum for the whole picture.
  tell(label, start, end) {
    if (this.last?.label !== label) {
      this.last = {label, start, line: document.createElement("li")};
      this.list.append(this.last.line);
      while (this.list.childElementCount > 200) this.list.firstElementChild.remove();
    }
    this.last.line.textContent = `${clock(this.last.start)}–${clock(end)} ${sounds(label).toLowerCase()}`;
    const sums = new Map();
    for (const each of this.moments) sums.set(each.label, (sums.get(each.label) ?? 0) + each.end - each.start);
    const parts = [...sums].sort((a, b) => b[1] - a[1]).map(([name, sum]) => `${sounds(name).toLowerCase()} ${sum.toFixed(1)} s`);
    this.canvas.setAttribute("aria-label", `The last minute: ${parts.join(", ")}`);
  }

  draw() {
    const scale = devicePixelRatio || 1;
    const {clientWidth: width, clientHeight: height} = this.canvas;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const paint = this.canvas.getContext("2d");
    paint.scale(scale, scale);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`);
    const top = 6, floor = height - LABELS;
    const seconds = width < NARROW ? SECONDS / 2 : SECONDS;
    const last = Math.max(this.moments.at(-1)?.end ?? 0, seconds);
    const x = (time) => width * (1 - (last - time) / seconds);
    const tone = (label) => (label === "not sure" ? colour("unsure") : colour(label) || colour("other"));
    paint.fillStyle = colour("line");
    for (const part of [0, 0.5, 1]) paint.fillRect(0, Math.round(floor - part * (floor - top)), width, 1);
    for (const {label, confidence, start, end} of this.moments) {
      if (label === "no speech") continue;
      const tall = confidence * (floor - top);
      paint.fillStyle = tone(label);
      const left = Math.round(x(start));
      paint.fillRect(left, floor - tall, Math.max(Math.round(x(end)) - left, 1), tall);
    }
    paint.font = "12px system-ui, sans-serif";
    paint.textBaseline = "middle";
    paint.fillStyle = colour("text");
    const taken = []; // words do not overlap, those of long stretches go first
    for (const {label, start, end} of this.runs(last - seconds).sort((a, b) => b.end - b.start - a.end + a.start)) {
      const wide = paint.measureText(label).width;
      const left = Math.min(Math.max((x(start) + x(end) - wide) / 2, 2), width - wide - 2);
      if (label === "no speech" || taken.some(([from, to]) => left < to + 6 && left + wide + 6 > from)) continue;
      paint.fillText(label, left, height - LABELS / 2);
      taken.push([left, left + wide]);
    }
  }

  // Stretches of one label, from a time on.
  runs(from) {
    const runs = [];
    for (const {label, start, end} of this.moments.filter((each) => each.start >= from)) {
      if (runs.at(-1)?.label === label) runs.at(-1).end = end;
      else runs.push({label, start, end});
    }
    return runs;
  }
}
