// WebSockets: pairs inside the isolate, and ends of sockets that the engine has at the other end of the link.
import { ACCEPT, CLOSE, MESSAGE } from "./kinds.js";
import { json } from "./link.js";
import { decoder, encoder } from "./native.js";
import { nextOwnNumber } from "./streams.js";
import { currentVisit, work } from "./work.js";

const NOT_ACCEPTED =
  "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.";
const NO_CODE = 1005;
const LOST = 1006;
const END = Symbol("an end made by the host");
const remotes = new Map(); // by socket number: what the engine's frames are for
let link = null;

export function openSockets(to) {
  link = to;
}

// The engine's end of a socket, seen from here. It holds a visit until both sides have closed.
class Remote {
  #held = null; // what was sent before the engine was ready for it
  #closed = false;
  #heard = false;

  constructor(number, visit, end, ready) {
    this.number = number;
    this.visit = visit;
    this.end = end;
    if (!ready) this.#held = [];
    visit?.hold();
    remotes.set(number, this);
  }

  take(data) {
    if (this.#closed) return;
    if (this.#held !== null) this.#held.push(data);
    else link.send(MESSAGE, this.number, messagePayload(data));
  }

  close(code, reason) {
    if (this.#closed) return;
    if (this.#held !== null) return void this.#held.push({ code, reason });
    this.#closed = true;
    link.sendJson(CLOSE, this.number, { code, reason });
    if (this.#heard) this.#over();
  }

  ready() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const one of held) {
      if (typeof one === "object" && "code" in one) this.close(one.code, one.reason);
      else this.take(one);
    }
  }

  heard({ code, reason }) {
    this.#heard = true;
    if (code === LOST) this.#closed = true;
    deliverClose(this.end, code, reason);
    if (this.#closed) this.#over();
  }

  #over() {
    if (remotes.delete(this.number)) this.visit?.release();
  }
}

function messagePayload(data) {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const payload = new Uint8Array(bytes.length + 1);
  payload[0] = typeof data === "string" ? 0 : 1;
  payload.set(bytes, 1);
  return payload;
}

// Set by the class below: how the host reaches what users cannot.
export let arrivedSocket, handOver;
let deliver, deliverClose, pairOf;

export class WebSocket extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  static READY_STATE_CONNECTING = 0;
  static READY_STATE_OPEN = 1;
  static READY_STATE_CLOSING = 2;
  static READY_STATE_CLOSED = 3;
  binaryType = "arraybuffer";
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #peer = null; // where messages go: the other end of a pair, or a Remote
  #inbox = []; // what came before accept()
  #number = 0; // of a container's socket that nobody has accepted
  #accepted = false;
  #closeSent = false;
  #closeHeard = false;
  #visit = currentVisit();
  #url = null;
  #protocol = "";
  #connecting = false;

  constructor(url, protocols = []) {
    super();
    if (url !== END) this.#connect(new URL(String(url)), [protocols].flat());
  }

  get readyState() {
    if (this.#connecting) return 0;
    if (this.#closeSent && this.#closeHeard) return 3;
    return this.#closeSent || this.#closeHeard ? 2 : 1;
  }

  get url() {
    return this.#url;
  }

  get protocol() {
    return this.#protocol;
  }

  get extensions() {
    return "";
  }

  accept() {
    if (this.#accepted) return;
    this.#accepted = true;
    this.#visit = currentVisit() ?? this.#visit;
    if (this.#number !== 0) this.#acceptRemote();
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const event of inbox) queueMicrotask(() => this.#tell(event));
  }

  send(data) {
    if (this.#connecting) throw new DOMException("The WebSocket is still connecting.", "InvalidStateError");
    if (!this.#accepted) throw new TypeError(NOT_ACCEPTED);
    if (this.#closeSent) throw new TypeError("Can't call WebSocket send() after close().");
    this.#peer?.take(sendable(data));
  }

  close(code = undefined, reason = "") {
    checkCode(code, reason);
    if (this.#closeSent) return;
    if (!this.#accepted && !this.#connecting) {
      throw new TypeError(NOT_ACCEPTED.replace("sending messages", "closing it"));
    }
    this.#sendClose(code ?? NO_CODE, String(reason));
  }

  serializeAttachment(value) {
    this.attachment = structuredClone(value);
  }

  deserializeAttachment() {
    return this.attachment ?? null;
  }

  #sendClose(code, reason) {
    this.#closeSent = true;
    this.#peer?.close(code, reason);
  }

  #acceptRemote() {
    const number = this.#number;
    this.#number = 0;
    link.send(ACCEPT, number);
    this.#peer = new Remote(number, this.#visit, this, true);
  }

  #receive(event) {
    if (this.#accepted) this.#tell(event);
    else this.#inbox.push(event);
  }

  #tell(event) {
    work.resume(this.#visit, () => this.#dispatch(event));
  }

  #dispatch(event) {
    if (event.type === "close") this.#closeHeard = true;
    const made = madeEvent(event, this.binaryType);
    this.dispatchEvent(made);
    if (event.type === "close" && !this.#closeSent && event.code !== LOST) {
      this.#sendClose(event.code, event.reason);
    }
  }

  dispatchEvent(event) {
    this["on" + event.type]?.call(this, event);
    return super.dispatchEvent(event);
  }

  async #connect(url, protocols) {
    this.#url = url.href;
    this.#connecting = true;
    this.#accepted = true;
    url.protocol = url.protocol.replace("ws", "http");
    const headers = { upgrade: "websocket" };
    if (protocols.length > 0) headers["sec-websocket-protocol"] = protocols.join(", ");
    try {
      const response = await globalThis.fetch(url.href, { headers });
      if (response.webSocket === null) throw new Error(`the answer was ${response.status}, not a WebSocket`);
      this.#opened(response);
    } catch (error) {
      this.#connecting = false;
      this.#closeSent = true;
      this.#tell({ type: "error", error });
      this.#tell({ type: "close", code: LOST, reason: "WebSocket connection failed" });
    }
  }

  #opened(response) {
    this.#number = response.webSocket.#number;
    this.#protocol = response.headers.get("sec-websocket-protocol") ?? "";
    this.#connecting = false;
    this.#acceptRemote();
    this.#tell({ type: "open" });
    if (this.#closeSent) this.#peer.close(NO_CODE, "");
  }

  // Let the engine have this end: return how ANSWER names it.
  #handOver(visit) {
    if (this.#accepted) throw new TypeError("Can't return WebSocket in a Response after calling accept().");
    this.#accepted = true;
    if (this.#number !== 0) return { pass: this.#number };
    const number = nextOwnNumber();
    const other = this.#peer.end;
    const remote = new Remote(number, visit, other, false);
    other.#peer = remote;
    for (const event of this.#inbox) {
      if (event.type === "message") remote.take(event.data);
      else remote.close(event.code, event.reason);
    }
    return { own: number };
  }

  static {
    deliver = (socket, data) => socket.#receive({ type: "message", data });
    deliverClose = (socket, code, reason) => socket.#receive({ type: "close", code, reason });
    handOver = (socket, visit) => socket.#handOver(visit);
    arrivedSocket = (number, visit) => {
      const socket = new WebSocket(END);
      socket.#number = number;
      socket.#visit = visit ?? undefined;
      return socket;
    };
    pairOf = () => {
      const [one, other] = [new WebSocket(END), new WebSocket(END)];
      one.#peer = new Local(other);
      other.#peer = new Local(one);
      return [one, other];
    };
  }
}

// The other end of a pair whose two ends are both in the isolate.
class Local {
  constructor(end) {
    this.end = end;
  }

  take(data) {
    queueMicrotask(() => deliver(this.end, data));
  }

  close(code, reason) {
    queueMicrotask(() => deliverClose(this.end, code, reason));
  }
}

export class WebSocketPair {
  constructor() {
    [this[0], this[1]] = pairOf();
  }
}

function madeEvent({ type, data, code, reason, error }, binaryType) {
  if (type === "message") return new MessageEvent("message", { data: received(data, binaryType) });
  if (type === "close") return new CloseEvent("close", { code, reason, wasClean: code !== LOST });
  return type === "error" ? new ErrorEvent("error", { error, message: error.message }) : new Event(type);
}

function received(data, binaryType) {
  if (typeof data === "string") return data;
  return binaryType === "blob" ? new Blob([data]) : data.slice().buffer;
}

function sendable(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data).slice();
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return String(data);
}

function checkCode(code, reason) {
  if (code === undefined) {
    if (reason !== "" && reason !== undefined) {
      throw new TypeError("If you specify a WebSocket close reason, you must also specify a code.");
    }
  } else if (
    code < 1000 || code >= 5000 || code === 1004 || code === NO_CODE || code === LOST || code === 1015
  ) {
    throw new TypeError(`Invalid WebSocket close code: ${code}.`);
  }
}

// Take a frame about a socket.
export function onSocketFrame(kind, id, payload) {
  const remote = remotes.get(id);
  if (remote === undefined) return;
  if (kind === ACCEPT) return remote.ready();
  if (kind === CLOSE) return remote.heard(json(payload));
  const data = payload.subarray(1);
  deliver(remote.end, payload[0] === 0 ? decoder.decode(data) : data.slice());
}
