// The Request class that Workers see: the standard's, with the platform's ``cf``, and bodies passed by reference.
import { Body, bodyType, copyBody, fillBody, moveBody } from "./bodies.js";
import { immutableHeaders } from "./headers.js";

const ARRIVED = Symbol("arrived");
const STANDARD_METHODS = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const REFUSED_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REDIRECTS = new Set(["follow", "manual", "error"]);

// Set by the class below. ``signalOf`` gives the signal that somebody has looked at or given; else null.
export let requestHeaderList, abortRequest, signalOf;

export class Request extends Body {
  #url;
  #method = "GET";
  #list = null; // header fields as they came, until somebody looks at them
  #headers = null;
  #redirect = "follow";
  #signal = null;
  #controller = null;
  #cf = undefined;

  constructor(input, init = {}) {
    super();
    if (input === ARRIVED) return this.#arrive(init);
    if (input instanceof Request) this.#from(input, init);
    else this.#url = absolute(input);
    this.#apply(init);
  }

  get url() {
    return this.#url;
  }

  get method() {
    return this.#method;
  }

  get headers() {
    return this.#headers ??= immutableHeaders(this.#list);
  }

  get redirect() {
    return this.#redirect;
  }

  get signal() {
    if (this.#signal !== null) return this.#signal;
    this.#controller ??= new AbortController();
    return this.#signal = this.#controller.signal;
  }

  get cf() {
    return this.#cf;
  }

  get fetcher() {
    return null;
  }

  get keepalive() {
    return false;
  }

  get integrity() {
    return "";
  }

  get cache() {
    return undefined;
  }

  get duplex() {
    return "half";
  }

  clone() {
    const copy = new Request(this.#url, {
      method: this.#method,
      headers: this.headers,
      redirect: this.#redirect,
    });
    copy.#cf = this.#cf;
    copy.#signal = this.#signal;
    copyBody(copy, this);
    return copy;
  }

  #arrive({ url, method, headers, body, cf }) {
    this.#url = url;
    this.#method = method;
    this.#list = headers;
    this.#redirect = "manual";
    this.#cf = cf;
    fillBody(this, body);
  }

  #from(input, init) {
    this.#url = input.#url;
    this.#method = input.#method;
    this.#redirect = input.#redirect;
    this.#cf = input.#cf;
    this.#signal = input.#signal ?? (input.#list === null ? null : input.signal);
    if (init.headers === undefined) this.#copyHeaders(input);
    if (init.body === undefined || init.body === null) moveBody(this, input);
  }

  #copyHeaders(input) {
    this.#headers = new Headers(input.#headers ?? input.#list);
  }

  #apply(init) {
    if (init.method !== undefined) this.#method = checkedMethod(String(init.method));
    if (init.redirect !== undefined) this.#redirect = checkedRedirect(String(init.redirect));
    if (init.headers !== undefined || this.#headers === null) this.#headers = new Headers(init.headers);
    if (init.signal !== undefined) this.#signal = init.signal;
    if (init.cf !== undefined) this.#cf = init.cf;
    if (init.body === undefined || init.body === null) return;
    if (this.#method === "GET" || this.#method === "HEAD") {
      throw new TypeError("Request with a GET or HEAD method cannot have a body.");
    }
    fillBody(this, init.body);
    const type = bodyType(this);
    if (type !== null && !this.#headers.has("content-type")) this.#headers.set("content-type", type);
  }

  static {
    requestHeaderList = (request) => request.#headers === null ? request.#list ?? [] : [...request.#headers];
    signalOf = (request) => request.#signal;
    abortRequest = (request) => {
      request.#controller?.abort(new DOMException("The client has disconnected.", "AbortError"));
    };
  }
}

// Return the Request of a frame: nothing is parsed, copied or fetched before somebody looks.
export function arrivedRequest(parts) {
  return new Request(ARRIVED, parts);
}

function absolute(input) {
  try {
    return new URL(String(input)).href;
  } catch {
    throw new TypeError(`Invalid URL: ${String(input)}`);
  }
}

function checkedMethod(method) {
  const upper = method.toUpperCase();
  if (!TOKEN.test(method) || REFUSED_METHODS.has(upper)) {
    throw new TypeError(`Invalid HTTP method string: ${method}`);
  }
  return STANDARD_METHODS.has(upper) ? upper : method;
}

function checkedRedirect(redirect) {
  if (REDIRECTS.has(redirect)) return redirect;
  throw new TypeError(
    `Invalid redirect value, must be one of "follow", "manual" or "error" ("${redirect}").`,
  );
}
