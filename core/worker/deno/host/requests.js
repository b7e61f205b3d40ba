// Runs the Worker for one request or event, and tells the engine how it ended.
import { Dispatch } from "../../javascript/dispatch.js";
import { bodyFrame } from "./binding.js";
import { lengthOf, takeBody } from "./bodies.js";
import { logException } from "./console.js";
import { describe } from "./errors.js";
import { ANSWER, FAILED, NOTIFIED } from "./kinds.js";
import { json } from "./link.js";
import { abortRequest, arrivedRequest } from "./request.js";
import { Response, responseHeaderList, socketOf } from "./response.js";
import { handOver } from "./sockets.js";
import { codecOf, collect, nextOf, Source } from "./streams.js";
import { during, Visit, work } from "./work.js";

const NO_RESPONSE = "the Worker's fetch handler did not return a Response: " +
  "Incorrect type for Promise: the Promise did not resolve to 'Response'.";

// What a handler gets as its third argument.
export class ExecutionContext {
  #visit;
  props = {};

  constructor(visit) {
    this.#visit = visit;
  }

  waitUntil(promise) {
    const visit = this.#visit;
    visit.hold();
    Promise.resolve(promise).then(
      () => visit.release(),
      (error) => {
        logException(error, visit);
        visit.release();
      },
    );
  }

  passThroughOnException() {}
}

export class Requests {
  #link;
  #dispatch;

  constructor(link, worker, env, namespaces) {
    this.#link = link;
    this.#dispatch = new Dispatch(worker, env, namespaces);
  }

  // Return what READY says of the Worker.
  describe() {
    return { handlers: this.#dispatch.handlers(), classes: this.#dispatch.classes() };
  }

  begin(id, payload, isNotice) {
    const head = json(payload);
    const visit = new Visit(id, head.trace);
    visit.context = new ExecutionContext(visit);
    work.begin(visit);
    during(visit, isNotice ? this.#notify : this.#serve, visit, head);
  }

  cancel(id) {
    const visit = work.visits.get(id);
    if (visit === undefined) return;
    work.enter(visit);
    visit.canceled = true;
    if (visit.request) during(visit, abortRequest, visit.request);
  }

  #serve = async (visit, head) => {
    try {
      head.body = head.body === 0 ? null : new Source(head.body, visit, null);
      visit.request = arrivedRequest(head);
      const response = await this.#dispatch.fetch(visit.request, visit.context);
      if (!(response instanceof Response)) throw new TypeError(NO_RESPONSE);
      await this.#answer(visit, response);
    } catch (error) {
      this.#fail(visit, error);
    }
    visit.release();
  };

  #notify = async (visit, head) => {
    try {
      const handled = await this.#dispatch.notify(head, visit.context);
      this.#link.sendJson(NOTIFIED, visit.id, { handled });
    } catch (error) {
      this.#fail(visit, error);
    }
    visit.release();
  };

  #fail(visit, error) {
    if (visit.canceled) return;
    this.#link.sendJson(FAILED, visit.id, { message: describe(error) });
  }

  async #answer(visit, response) {
    const { status } = response;
    if (status === 0) throw new TypeError("The Worker returned Response.error(), which cannot be sent.");
    const socket = socketOf(response);
    let headers = responseHeaderList(response);
    let content = takeBody(response);
    if (visit.canceled) return discard(content);
    [content, headers] = await encoded(response, content, headers);
    if (visit.request.method === "HEAD" && !(content instanceof Source)) {
      [content, headers] = noBody(content, headers);
    }
    headers = exactLength(content, headers);
    const [body, bytes] = bodyFrame(content, visit, (error) => logException(error, visit));
    const end = socket === null ? null : handOver(socket, visit);
    this.#link.sendJson(ANSWER, visit.id, { status, headers, body, socket: end }, bytes);
  }
}

function discard(content) {
  if (content instanceof ReadableStream) content.cancel("The client has disconnected.").catch(() => {});
}

function valueOf(headers, name) {
  for (const [key, value] of headers) {
    if (key.length === name.length && key.toLowerCase() === name) return value;
  }
  return null;
}

function without(headers, name) {
  return headers.filter(([key]) => key.toLowerCase() !== name);
}

// Make the content fit its Content-Encoding, as the platform does: what came encoded so goes on untouched.
async function encoded(response, content, headers) {
  const encoding = valueOf(headers, "content-encoding");
  if (content instanceof Source) {
    if (codecOf(content.encoding) === codecOf(encoding)) return [content, headers];
    [content, headers] = [content.stream(), without(headers, "content-length")];
  }
  const codec = codecOf(encoding);
  if (content === null || codec === undefined || response.encodeBody === "manual") return [content, headers];
  const stream = content instanceof ReadableStream ? content : new Blob([content]).stream();
  const compressed = stream.pipeThrough(new CompressionStream(codec));
  headers = without(headers, "content-length");
  return content instanceof ReadableStream
    ? [compressed, headers]
    : [await collect(nextOf(compressed)), headers];
}

function noBody(content, headers) {
  if (content === null) return [null, headers];
  const length = lengthOf(content);
  discard(content);
  if (length === null || valueOf(headers, "content-length") !== null) return [null, headers];
  return [null, [...headers, ["content-length", String(length)]]];
}

// The Worker's own stream has the length that is known of it, or none: a copied Content-Length would be false.
function exactLength(content, headers) {
  if (!(content instanceof ReadableStream)) {
    return typeof content === "string" || content instanceof Uint8Array
      ? without(headers, "content-length")
      : headers;
  }
  const length = lengthOf(content);
  const others = without(headers, "content-length");
  return length === null ? others : [...others, ["content-length", String(length)]];
}
