// The connection to the engine: reads frames and delivers them one at a time, collects frames and writes them.
import { HEADER_BYTES } from "./kinds.js";
import { decoder, encoder, exit, nextTick } from "./native.js";

const FIRST_BUFFER_BYTES = 64 * 1024;
const KEPT_BUFFER_BYTES = 1024 * 1024;
const LINE_FEED = 10;

// The frames waiting to be written. They are copied in, so that a caller may go on using its bytes.
class Outbox {
  #bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;

  get empty() {
    return this.#used === 0;
  }

  add(kind, id, payload) {
    const length = payload === undefined ? 0 : payload.length;
    this.#reserve(HEADER_BYTES + length);
    this.#header(kind, id, length);
    if (length > 0) this.#bytes.set(payload, this.#used + HEADER_BYTES);
    this.#used += HEADER_BYTES + length;
  }

  addText(kind, id, text, body) {
    const bodyLength = body === undefined ? 0 : body.length + 1;
    this.#reserve(HEADER_BYTES + text.length * 3 + bodyLength);
    const start = this.#used + HEADER_BYTES;
    let length = encoder.encodeInto(text, this.#bytes.subarray(start)).written;
    if (body !== undefined) {
      this.#bytes[start + length] = LINE_FEED;
      this.#bytes.set(body, start + length + 1);
      length += bodyLength;
    }
    this.#header(kind, id, length);
    this.#used = start + length;
  }

  // Return what is there; it stays valid until the next call after the next.
  content() {
    return this.#bytes.subarray(0, this.#used);
  }

  clear() {
    this.#used = 0;
    if (this.#bytes.length > KEPT_BUFFER_BYTES) this.#replace(new Uint8Array(FIRST_BUFFER_BYTES));
  }

  #header(kind, id, length) {
    this.#view.setUint32(this.#used, length, true);
    this.#bytes[this.#used + 4] = kind;
    this.#view.setUint32(this.#used + 5, id, true);
  }

  #reserve(more) {
    const needed = this.#used + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.content());
    this.#replace(larger);
  }

  #replace(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

export class Link {
  #connection;
  #deliver;
  #settle;
  #out = new Outbox();
  #spare = new Outbox();
  #writing = false;
  #turning = false;
  #scheduled = false;
  #bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  #start = 0;
  #end = 0;

  // ``deliver(kind, id, payload)`` gets each frame (its bytes are valid during the call only);
  // ``settle()`` is called when what a turn set off has come to rest, before its frames are written.
  constructor(connection, deliver, settle) {
    this.#connection = connection;
    this.#deliver = deliver;
    this.#settle = settle;
  }

  send(kind, id, payload) {
    this.#out.add(kind, id, payload);
    this.wake();
  }

  sendJson(kind, id, value, body) {
    this.#out.addText(kind, id, JSON.stringify(value), body);
    this.wake();
  }

  sendText(kind, id, text) {
    this.#out.addText(kind, id, text);
    this.wake();
  }

  // Let what happens outside of a turn (a timer, a native promise) settle and be written too.
  wake() {
    if (this.#turning || this.#scheduled) return;
    this.#scheduled = true;
    nextTick(this.#rest);
  }

  #rest = () => {
    this.#scheduled = false;
    if (!this.#turning) this.#settle();
    this.flush();
  };

  // Write what has been collected; frames that come meanwhile follow. Resolves when all is written.
  async flush() {
    if (this.#writing) return;
    this.#writing = true;
    try {
      while (!this.#out.empty) {
        const out = this.#out;
        this.#out = this.#spare;
        await this.#write(out.content());
        out.clear();
        this.#spare = out;
      }
    } catch {
      exit(0); // the engine has gone
    } finally {
      this.#writing = false;
    }
  }

  async #write(data) {
    let written = 0;
    while (written < data.length) written += await this.#connection.write(data.subarray(written));
  }

  // Read and deliver frames until the engine closes the connection; then the process ends.
  run() {
    this.#connection.read(this.#space()).then(this.#received, () => exit(0));
  }

  #space() {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    const needed = this.#needed();
    if (this.#bytes.length - this.#start < needed || this.#end === this.#bytes.length) {
      const bytes = this.#bytes.length < needed || this.#start === 0
        ? new Uint8Array(Math.max(needed, this.#bytes.length * 2))
        : this.#bytes;
      bytes.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = bytes;
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#bytes.subarray(this.#end);
  }

  // Return how long the frame at the start is, as far as is known.
  #needed() {
    if (this.#end - this.#start < HEADER_BYTES) return HEADER_BYTES;
    const { buffer } = this.#bytes;
    return HEADER_BYTES + new DataView(buffer, this.#start, HEADER_BYTES).getUint32(0, true);
  }

  #received = (count) => {
    if (count === null) exit(0);
    this.#end += count;
    this.#turning = true;
    this.#step();
  };

  // Deliver one frame, let the promises that it settles run to their end, then come back for the next:
  // so marks and CPU time belong to the right request, without a trip through the event loop.
  #step = () => {
    const at = this.#start;
    const length = this.#needed();
    if (this.#end - at < length) return this.#rested();
    this.#start = at + length;
    const head = this.#bytes;
    const id = (head[at + 5] | head[at + 6] << 8 | head[at + 7] << 16 | head[at + 8] << 24) >>> 0;
    this.#deliver(head[at + 4], id, head.subarray(at + HEADER_BYTES, at + length));
    queueMicrotask(this.#hop);
  };

  #hop = () => nextTick(this.#step);

  #rested() {
    this.#turning = false;
    this.#settle();
    this.flush();
    this.run();
  }
}

// Return the JSON value of a payload.
export function json(payload) {
  return JSON.parse(decoder.decode(payload));
}
