// The Response class that Workers see: the standard's, with the platform's ``webSocket`` and ``encodeBody``.
import { Body, bodyType, copyBody, fillBody } from "./bodies.js";
import { immutableHeaders } from "./headers.js";

const ARRIVED = Symbol("arrived");
const NULL_BODY_STATUSES = new Set([101, 204, 205, 304]);
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

export let responseHeaderList, socketOf;

export class Response extends Body {
  #status = 200;
  #statusText = "";
  #list = null;
  #headers = null;
  #url = "";
  #redirected = false;
  #type = "default";
  #socket = null;
  #encodeBody = "automatic";
  #cf = undefined;

  constructor(body = null, init = {}) {
    super();
    if (body === ARRIVED) return this.#arrive(init);
    this.#apply(init ?? {});
    if (body === null || body === undefined) return;
    if (NULL_BODY_STATUSES.has(this.#status)) {
      throw new TypeError("Response with null body status (101, 204, 205, or 304) cannot have a body.");
    }
    fillBody(this, body);
    const type = bodyType(this);
    if (type !== null && !this.headers.has("content-type")) this.#headers.set("content-type", type);
  }

  static json(value, init = {}) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("The data is not JSON serializable");
    const response = new Response(text, { ...plain(init), headers: undefined });
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    response.#headers = headers;
    return response;
  }

  static redirect(url, status = 302) {
    if (!REDIRECT_STATUSES.has(status)) throw new RangeError(`${status} is not a redirect status code.`);
    return new Response(null, { status, headers: { location: new URL(String(url)).href } });
  }

  static error() {
    const response = new Response();
    response.#status = 0;
    response.#type = "error";
    return response;
  }

  get status() {
    return this.#status;
  }

  get statusText() {
    return this.#statusText;
  }

  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }

  get headers() {
    return this.#headers ??= immutableHeaders(this.#list);
  }

  get url() {
    return this.#url;
  }

  get redirected() {
    return this.#redirected;
  }

  get type() {
    return this.#type;
  }

  get webSocket() {
    return this.#socket;
  }

  get encodeBody() {
    return this.#encodeBody;
  }

  get cf() {
    return this.#cf;
  }

  clone() {
    if (this.#socket !== null) throw new TypeError("Cannot clone a response to a WebSocket handshake.");
    const copy = new Response(null, this);
    copy.#url = this.#url;
    copy.#redirected = this.#redirected;
    copyBody(copy, this);
    return copy;
  }

  #arrive({ status, headers, body, url, redirected, socket }) {
    this.#status = status;
    this.#list = headers;
    this.#url = url;
    this.#redirected = redirected;
    this.#socket = socket;
    fillBody(this, body);
  }

  #apply(init) {
    const from = init instanceof Response ? init : null;
    this.#socket = init.webSocket ?? null;
    this.#status = from?.status ?? checkedStatus(init.status, this.#socket);
    this.#statusText = String(init.statusText ?? "");
    this.#encodeBody = init.encodeBody ?? "automatic";
    this.#cf = init.cf;
    this.#headers = new Headers(from === null ? init.headers : from.#headers ?? from.#list);
  }

  static {
    responseHeaderList = (response) =>
      response.#headers === null ? response.#list ?? [] : [...response.#headers];
    socketOf = (response) => response.#socket;
  }
}

// Return the Response of a frame: any status is allowed, and nothing is parsed before somebody looks.
export function arrivedResponse(parts) {
  return new Response(ARRIVED, parts);
}

function plain(init) {
  return init instanceof Response ? { status: init.status, statusText: init.statusText } : init;
}

function checkedStatus(given, socket) {
  const status = given === undefined ? 200 : Math.trunc(Number(given));
  if (status === 101 && socket === null) {
    throw new RangeError('Responses with status code 101 must have a WebSocket (ResponseInit "webSocket").');
  }
  if (socket !== null && status !== 101) {
    throw new RangeError("Responses with a WebSocket must have status code 101.");
  }
  if (status === 101 || (status >= 200 && status <= 599)) return status;
  throw new RangeError(
    "Responses may only be constructed with status codes in the range 200 to 599, inclusive.",
  );
}
