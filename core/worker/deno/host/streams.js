// Bodies over the link: a Source is one that the engine has, an OwnStream one that the Worker writes.
import { ABORT, CREDIT_BYTES, DATA, DROP, END, PULL } from "./kinds.js";
import { decoder } from "./native.js";
import { work } from "./work.js";

const DECODERS = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate", br: "brotli" };
const sources = new Map();
const ownStreams = new Map();
let link = null;
let lastOwn = 0;

export function openStreams(to) {
  link = to;
}

export function nextOwnNumber() {
  return lastOwn += 2;
}

// Return the name under which the language knows a Content-Encoding; undefined for none and unknown ones.
export function codecOf(encoding) {
  return encoding === null || encoding === undefined ? undefined : DECODERS[encoding.trim().toLowerCase()];
}

function numberOf(bytes) {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, bytes, true);
  return payload;
}

// A body that the engine holds. Its bytes come only when somebody reads them here.
export class Source {
  begun = false;
  #chunks = [];
  #consumed = 0;
  #ended = false;
  #error = null;
  #wake = null;

  constructor(number, visit, encoding) {
    this.number = number;
    this.visit = visit;
    this.encoding = encoding;
  }

  // Hand the body on unread: from now on it is the engine's again.
  pass() {
    this.begun = true;
    return this.number;
  }

  // Return the next bytes as they came, or null at the end.
  async read() {
    if (!this.begun) this.#begin();
    while (this.#chunks.length === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise((resolve) => this.#wake = resolve);
    }
    const chunk = this.#chunks.shift();
    this.#consumed += chunk.length;
    if (this.#consumed >= CREDIT_BYTES / 2 && !this.#ended) this.#pull();
    return chunk;
  }

  // Return a stream of the body, decoded, of which nothing is fetched before it is read.
  stream() {
    const codec = codecOf(this.encoding);
    const next = codec === undefined ? () => this.read() : decodedReader(this, codec);
    return lazyStream(next, () => this.drop());
  }

  drop() {
    if (this.begun && !sources.has(this.number)) return;
    this.begun = true;
    sources.delete(this.number);
    if (!this.#ended) link.send(DROP, this.number);
    this.#ended = true;
  }

  // The visit is over and the engine has let go of the body.
  giveUp() {
    if (!sources.delete(this.number)) return;
    this.fail("This body can no longer be read: its request has ended.");
  }

  take(chunk) {
    this.#chunks.push(chunk);
    this.#tell();
  }

  end() {
    this.#ended = true;
    sources.delete(this.number);
    this.#tell();
  }

  fail(text) {
    this.#error = new Error(text || "Network connection lost.");
    sources.delete(this.number);
    this.#tell();
  }

  #begin() {
    this.begun = true;
    sources.set(this.number, this);
    if (this.visit) (this.visit.sources ??= new Set()).add(this);
    link.send(PULL, this.number, numberOf(CREDIT_BYTES));
  }

  #pull() {
    link.send(PULL, this.number, numberOf(this.#consumed));
    this.#consumed = 0;
  }

  #tell() {
    this.#wake?.();
    this.#wake = null;
  }
}

function decodedReader(source, codec) {
  let reader = null;
  return async () => {
    reader ??= lazyStream(() => source.read()).pipeThrough(new DecompressionStream(codec)).getReader();
    const { done, value } = await reader.read();
    return done ? null : value;
  };
}

// Return a byte stream over ``next()``, which gives bytes or null, called only when bytes are wanted.
export function lazyStream(next, cancel) {
  const pull = async (controller) => {
    const chunk = await next();
    if (chunk !== null) return controller.enqueue(chunk);
    controller.close();
    controller.byobRequest?.respond(0);
  };
  return new ReadableStream({ type: "bytes", pull, cancel }, { highWaterMark: 0 });
}

// Read all that ``next()`` gives into one array.
export async function collect(next) {
  const chunks = [];
  let length = 0;
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    chunks.push(chunk);
    length += chunk.length;
  }
  if (chunks.length === 1) return chunks[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

// Return a function that gives the bytes of a stream one by one, then null.
export function nextOf(stream) {
  const reader = stream.getReader();
  return async () => {
    const { done, value } = await reader.read();
    return done ? null : bytesOf(value);
  };
}

function bytesOf(chunk) {
  if (chunk instanceof Uint8Array) return chunk;
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError(
    `A body's stream must give bytes, and gave ${typeof chunk}: encode text with TextEncoderStream or TextEncoder.`,
  );
}

// A body that the Worker writes. It is read as the engine asks for it, and holds its visit until its end.
class OwnStream {
  #reader;
  #credit = 0;
  #pumping = false;
  #rest = null;

  constructor(number, stream, visit, onError) {
    this.number = number;
    this.visit = visit;
    this.onError = onError;
    this.#reader = stream.getReader();
    visit?.hold();
  }

  async pull(bytes) {
    this.#credit += bytes;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#credit > 0 && await this.#sendSome()) work.enter(this.visit);
    } catch (error) {
      if (this.#over()) {
        link.sendText(ABORT, this.number, String(error));
        this.onError?.(error);
      }
    }
    this.#pumping = false;
  }

  async #sendSome() {
    if (this.#rest === null) {
      const { done, value } = await this.#reader.read();
      if (done) {
        if (this.#over()) link.send(END, this.number);
        return false;
      }
      this.#rest = bytesOf(value);
    }
    const chunk = this.#rest;
    const part = chunk.length > this.#credit ? chunk.subarray(0, this.#credit) : chunk;
    this.#rest = part.length < chunk.length ? chunk.subarray(part.length) : null;
    this.#credit -= part.length;
    if (part.length > 0 && ownStreams.has(this.number)) link.send(DATA, this.number, part);
    return ownStreams.has(this.number);
  }

  drop() {
    if (this.#over()) this.#reader.cancel("The reader has gone away.").catch(() => {});
  }

  #over() {
    if (!ownStreams.delete(this.number)) return false;
    this.visit?.release();
    return true;
  }
}

// Offer a stream to the engine; return its number. ``onError(error)`` is told when it breaks off.
export function offerStream(stream, visit, onError) {
  const number = nextOwnNumber();
  ownStreams.set(number, new OwnStream(number, stream, visit, onError));
  return number;
}

// Take a frame about a stream.
export function onStreamFrame(kind, id, payload) {
  if (kind === PULL || kind === DROP) return onOwn(kind, ownStreams.get(id), payload);
  const source = sources.get(id);
  if (source === undefined) return;
  work.enter(source.visit);
  if (kind === DATA) source.take(payload.slice());
  else if (kind === END) source.end();
  else source.fail(decoder.decode(payload));
}

function onOwn(kind, own, payload) {
  if (own === undefined) return;
  if (kind === DROP) return own.drop();
  const bytes = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0, true);
  work.resume(own.visit, () => own.pull(bytes));
}
