// Asking the server that this page came from. The token is kept here, in memory, and nowhere else.

const RETRIES = 5; // of a server that is busy
let token = "";

export function setToken(given) {
  token = given.trim();
}

// What the server refused, in its words.
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The JSON that the server answers; throws a Refusal.
export async function ask(path, options = {}) {
  for (let tries = 0; ; tries++) {
    const response = await answered(path, options);
    if (response.ok) return response.json();
    if (response.status === 503 && tries < RETRIES) {
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      await new Promise((done) => setTimeout(done, 1000 * seconds));
      continue;
    }
    const body = await response.json().catch(() => null);
    throw new Refusal(response.status, body?.error?.message ?? `the server answered with status ${response.status}`);
  }
}

async function answered(path, options) {
  try {
    return await fetch(path, {...options, headers: token ? {Authorization: `Bearer ${token}`} : {}});
  } catch {
    throw new Refusal(0, "the server cannot be reached, or broke off");
  }
}

// A connection for sound that goes on; a page can give the token only as a sub-protocol.
export function openStream() {
  const url = new URL("/v1/stream", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url, ["speech-emotion.v1", ...(token ? [`bearer.${token}`] : [])]);
}

// The form that sends a recording.
export function form(file, name, fields) {
  const sent = new FormData();
  sent.append("file", file, name);
  for (const [key, value] of Object.entries(fields)) sent.append(key, value);
  return sent;
}

// The words of a recording, with their tone.
export function transcribe(file, name, model) {
  const fields = {model: "whisper-1", response_format: "verbose_json", emotion_model: model};
  return ask("/v1/audio/transcriptions", {method: "POST", body: form(file, name, fields)});
}
