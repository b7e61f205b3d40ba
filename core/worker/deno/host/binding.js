// Calls of bindings, and the Worker's own fetch, over the link: limits, redirects, cancelled requests.
import { lengthOf, takeBody } from "./bodies.js";
import { CALL, DROP, LONGEST_INLINE_BYTES } from "./kinds.js";
import { json } from "./link.js";
import { encoder, nativeFetch } from "./native.js";
import { Request, requestHeaderList, signalOf } from "./request.js";
import { arrivedResponse, Response } from "./response.js";
import { arrivedSocket } from "./sockets.js";
import { codecOf, offerStream, Source } from "./streams.js";
import { currentVisit, work } from "./work.js";

const TOO_MANY = "Too many subrequests by single Worker invocation. To configure this limit, refer to " +
  "https://developers.cloudflare.com/workers/wrangler/configuration/#limits";
const LONGEST_REDIRECTION = 20;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);
const ANYWHERE = { instance: "", port: null, operation: "" };
const OUTSIDE_OF_REQUESTS = { id: 0, calls: 0 };
const waiting = new Map();
let link = null;
let limit = Infinity;
let lastCall = 0;

export function openCalls(to, subRequestLimit) {
  link = to;
  limit = subRequestLimit;
}

// Return the fetcher of a binding; the empty name stands for the outside.
export function fetcherOf(binding) {
  return {
    fetch: (input, init) => send(binding, input, init, ANYWHERE),
    send: (input, init, target) => send(binding, input, init, { ...ANYWHERE, ...target }),
  };
}

// The global fetch: what a page holds itself is read here, everything else is the engine's to decide.
export async function fetch(input, init) {
  const url = input instanceof Request ? input.url : String(input);
  if (!/^(data|blob):/i.test(url)) return await send("", input, init, ANYWHERE);
  const native = await nativeFetch(url);
  return new Response(native.body, { status: native.status, headers: native.headers });
}

async function send(binding, input, init, target) {
  const request = input instanceof Request && init === undefined ? input : new Request(input, init);
  const first = { url: request.url, method: request.method, headers: requestHeaderList(request) };
  const content = takeBody(request);
  if (request.redirect === "manual") {
    return responseOf(await call(binding, first, content, request, target), first);
  }
  return await follow(binding, first, content, request, target);
}

async function follow(binding, first, content, request, target) {
  let parts = first;
  for (let hop = 0; hop <= LONGEST_REDIRECTION; hop++) {
    const answer = await call(binding, parts, content, request, target);
    const location = REDIRECT_STATUSES.has(answer.status) && headerOf(answer.headers, "location");
    if (!location) return responseOf(answer, parts, hop > 0);
    if (answer.body) link.send(DROP, answer.body);
    if (request.redirect === "error") {
      throw new TypeError(`Redirected to ${location}, which "redirect: error" forbids.`);
    }
    [parts, content] = redirected(parts, content, answer.status, new URL(location, parts.url).href);
  }
  throw new TypeError("Too many redirects.");
}

// Return what to send where a redirect points to, as the fetch standard says.
function redirected({ url: from, method, headers }, content, status, url) {
  const again = status > 303 || (status === 303 ? method === "HEAD" || method === "GET" : method !== "POST");
  if (new URL(from).origin !== new URL(url).origin) headers = without(headers, ["authorization", "cookie"]);
  if (!again) {
    return [{ url, method: "GET", headers: without(headers, ["content-type", "content-length"]) }, null];
  }
  if (content instanceof Source || content instanceof ReadableStream) {
    throw new TypeError(
      "A request with a one-time-use body (it was initialized from a stream, not a buffer) " +
        "encountered a redirect requiring the body to be retransmitted.",
    );
  }
  return [{ url, method, headers }, content];
}

function without(headers, names) {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()));
}

function headerOf(headers, name) {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

function call(binding, parts, content, request, target) {
  const visit = currentVisit() ?? OUTSIDE_OF_REQUESTS;
  if (++visit.calls > limit) throw new Error(TOO_MANY);
  const id = ++lastCall;
  const answered = new Promise((resolve, reject) => waiting.set(id, { resolve, reject, visit, id }));
  const [body, bytes] = bodyFrame(content, visit);
  const head = { request: visit.id, number: visit.calls, binding, ...target, ...parts, body };
  link.sendJson(CALL, id, head, bytes);
  const signal = signalOf(request);
  if (signal?.aborted) giveUp(id, signal);
  else signal?.addEventListener("abort", () => giveUp(id, signal));
  return answered;
}

function giveUp(id, signal) {
  const call = waiting.get(id);
  if (call === undefined || call.reject === null) return;
  call.reject(signal.reason);
  call.reject = null;
}

// Return the body as CALL and ANSWER tell it, and the bytes that go with it.
export function bodyFrame(content, visit, onError) {
  if (content === null) return [null, undefined];
  if (content instanceof Source) return [{ pass: content.pass() }, undefined];
  if (content instanceof ReadableStream || lengthOf(content) > LONGEST_INLINE_BYTES) {
    const stream = content instanceof ReadableStream ? content : new Blob([content]).stream();
    return [{ stream: offerStream(stream, visit.id === 0 ? null : visit, onError) }, undefined];
  }
  return [{ inline: true }, typeof content === "string" ? encoder.encode(content) : content];
}

// Take a RESPONSE frame.
export function onResponse(id, payload) {
  const call = waiting.get(id);
  if (call === undefined) return;
  waiting.delete(id);
  work.enter(call.visit.id === 0 ? null : call.visit);
  const answer = json(payload);
  if (call.reject === null) {
    if (answer.body) link.send(DROP, answer.body);
  } else if (answer.error !== undefined) call.reject(new Error(answer.error));
  else call.resolve({ ...answer, visit: call.visit });
}

function responseOf({ status, headers, body, socket, visit }, { url }, wasRedirected = false) {
  const encoding = codecOf(headerOf(headers, "content-encoding")) && headerOf(headers, "content-encoding");
  const source = body ? new Source(body, visit.id === 0 ? null : visit, encoding) : null;
  return arrivedResponse({
    status,
    headers,
    body: source,
    url,
    redirected: wasRedirected,
    socket: socket ? arrivedSocket(socket, visit.id === 0 ? null : visit) : null,
  });
}
