// The body of a Request or Response: content given at once, a stream, or a body of the engine's that is not
// fetched before somebody reads it and so can be handed on untouched.
import { decoder, encoder, NativeResponse } from "./native.js";
import { codecOf, collect, lazyStream, nextOf, Source } from "./streams.js";

const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const DISTURBED =
  "This ReadableStream is disturbed (has already been read from), and cannot be used as a body.";
const TEXT = "text/plain;charset=UTF-8";
const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

const sourceOfStream = new WeakMap();
const lengthOfStream = new WeakMap();

// A stream of a length that is known beforehand: its Content-Length is sent.
export class FixedLengthStream extends TransformStream {
  constructor(length) {
    const expected = Number(length);
    let seen = 0;
    super({
      transform(chunk, controller) {
        seen += chunk.byteLength;
        if (seen > expected) {
          throw new TypeError("Attempt to write too many bytes through a FixedLengthStream.");
        }
        controller.enqueue(chunk);
      },
      flush() {
        if (seen < expected) {
          throw new TypeError("FixedLengthStream did not see all expected bytes before close().");
        }
      },
    });
    lengthOfStream.set(this.readable, expected);
  }
}

export class IdentityTransformStream extends TransformStream {}

// Set by the class below: how the host's other parts reach what users cannot.
export let fillBody, takeBody, moveBody, copyBody, bodyType;

export class Body {
  #content = null; // null, a string, a Uint8Array, a Source or a ReadableStream
  #stream = null; // the stream that was made of the content, once somebody asked for it
  #used = false;
  #type = null;

  get body() {
    if (this.#content === null) return null;
    return this.#stream ??= streamOf(this.#content);
  }

  get bodyUsed() {
    return this.#content !== null && (this.#used || this.#disturbed());
  }

  async text() {
    const content = this.#take();
    return typeof content === "string" ? content : decoder.decode(await bytesOfContent(content));
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async bytes() {
    return await bytesOfContent(this.#take());
  }

  async arrayBuffer() {
    const { buffer, byteOffset, byteLength } = await this.bytes();
    if (byteLength === buffer.byteLength) return buffer;
    return buffer.slice(byteOffset, byteOffset + byteLength);
  }

  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get("content-type") ?? "" });
  }

  async formData() {
    const type = this.headers.get("content-type") ?? "";
    return await new NativeResponse(await this.bytes(), { headers: { "content-type": type } }).formData();
  }

  #disturbed() {
    if (this.#stream?.locked) return true;
    return this.#content instanceof Source && this.#content.begun;
  }

  #take() {
    if (this.#content === null) return "";
    if (this.#used || this.#disturbed()) throw new TypeError(USED);
    this.#used = true;
    const content = this.#content;
    if (this.#stream !== null && !(content instanceof Source)) return this.#stream;
    return content;
  }

  #fill(body) {
    if (body === null || body === undefined) return;
    if (typeof body === "string") [this.#content, this.#type] = [body, TEXT];
    else if (body instanceof ReadableStream) this.#adopt(body);
    else if (body instanceof Source) this.#content = body;
    else if (body instanceof URLSearchParams) [this.#content, this.#type] = [String(body), FORM];
    else if (body instanceof Blob) {
      this.#adopt(body.stream());
      lengthOfStream.set(this.#stream, body.size);
      this.#type = body.type || null;
    } else if (body instanceof FormData) {
      const native = new NativeResponse(body);
      this.#adopt(native.body);
      this.#type = native.headers.get("content-type");
    } else if (ArrayBuffer.isView(body)) {
      this.#content = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
    } else if (body instanceof ArrayBuffer) this.#content = new Uint8Array(body).slice();
    else [this.#content, this.#type] = [String(body), TEXT];
  }

  #adopt(stream) {
    const source = sourceOfStream.get(stream);
    if (stream.locked || source?.begun) throw new TypeError(DISTURBED);
    this.#content = source ?? stream;
    this.#stream = stream;
  }

  // Make this the body's new owner: the message that had it counts as read.
  #move(from) {
    if (from.#content === null) return;
    if (from.#used || from.#disturbed()) throw new TypeError(USED);
    this.#content = from.#content;
    this.#stream = from.#stream;
    this.#type = from.#type;
    from.#used = true;
  }

  // Let two messages read the same body, as clone() does.
  #copy(from) {
    if (from.#content === null) return;
    if (from.#used || from.#disturbed()) throw new TypeError(USED);
    this.#type = from.#type;
    const atOnce = typeof from.#content === "string" || from.#content instanceof Uint8Array;
    if (atOnce && from.#stream === null) {
      this.#content = from.#content;
      return;
    }
    const [mine, theirs] = from.body.tee();
    this.#content = this.#stream = mine;
    from.#content = from.#stream = theirs;
  }

  static {
    fillBody = (message, body) => message.#fill(body);
    takeBody = (message) => message.#content === null ? null : message.#take();
    moveBody = (to, from) => to.#move(from);
    copyBody = (to, from) => to.#copy(from);
    bodyType = (message) => message.#type;
  }
}

function streamOf(content) {
  if (content instanceof ReadableStream) return content;
  if (content instanceof Source) {
    const stream = content.stream();
    sourceOfStream.set(stream, content);
    return stream;
  }
  let rest = typeof content === "string" ? encoder.encode(content) : content.slice();
  return lazyStream(() => {
    const chunk = rest !== null && rest.length > 0 ? rest : null;
    rest = null;
    return chunk;
  });
}

async function bytesOfContent(content) {
  if (typeof content === "string") return encoder.encode(content);
  if (content instanceof Uint8Array) return content.slice();
  if (!(content instanceof Source)) return await collect(nextOf(content));
  if (codecOf(content.encoding) !== undefined) return await collect(nextOf(content.stream()));
  return await collect(() => content.read());
}

// Return how many bytes a body's content has, where that is known; else null.
export function lengthOf(content) {
  if (content instanceof ReadableStream) return lengthOfStream.get(content) ?? null;
  if (content instanceof Source) return null;
  return typeof content === "string" ? encoder.encode(content).length : content.length;
}
