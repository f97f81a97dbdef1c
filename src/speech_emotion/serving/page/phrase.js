// The sound since the last pause, so that its words can be written down; nothing else is kept of it.

const LONGEST = 15; // seconds, after which a phrase is cut without a pause
const LEAST_SPEECH = 0.3; // seconds that are worth writing down
const LEAD = 0.5; // seconds kept before a phrase begins

export class Phrase {
  constructor(rate) {
    this.rate = rate;
    this.blocks = [];
    this.first = 0; // sample of the stream
    this.size = 0;
    this.speech = 0;
  }

  add(block) {
    this.blocks.push(block);
    this.size += block.length;
  }

  // What a moment says: a pause ends the phrase. Returns {wav, start} of one that is whole, or null.
  hear({end, new_speech}) {
    this.speech += new_speech;
    const pause = new_speech < 0.05;
    if (this.speech < LEAST_SPEECH) {
      if (pause) this.cut(end - LEAD);
      return null;
    }
    if (!pause && end - this.first / this.rate < LONGEST) return null;
    return this.taken(pause ? end - 0.25 : end);
  }

  // What is left at the end of the stream.
  rest() {
    return this.speech < LEAST_SPEECH ? null : this.taken(Infinity);
  }

  taken(until) {
    const start = this.first / this.rate;
    this.speech = 0;
    return {start, wav: wav(this.cut(until), this.rate)};
  }

  // All samples before `until` seconds; they are let go of.
  cut(until) {
    const all = new Float32Array(this.size);
    let at = 0;
    for (const block of this.blocks) {
      all.set(block, at);
      at += block.length;
    }
    const size = Math.max(0, Math.min(Math.round(until * this.rate) - this.first, this.size));
    this.blocks = [all.slice(size)];
    this.first += size;
    this.size -= size;
    return all.subarray(0, size);
  }
}

// A WAV file of one channel, 16 bits.
function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((letter, step) => view.setUint8(at + step, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, at) => view.setInt16(44 + 2 * at, 32767 * Math.max(-1, Math.min(1, sample)), true));
  return new Blob([view], {type: "audio/wav"});
}
