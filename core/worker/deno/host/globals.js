// The platform's surface: what Workers find in the global scope, and what they do not.
import process from "node:process";
import { fetch } from "./binding.js";
import { FixedLengthStream, IdentityTransformStream } from "./bodies.js";
import { logException, makeConsole } from "./console.js";
import { extendHeaders } from "./headers.js";
import { nativeSetImmediate, nativeSetInterval, nativeSetTimeout } from "./native.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import { WebSocket, WebSocketPair } from "./sockets.js";
import { currentVisit, work } from "./work.js";

// Of a browser or of Deno, and absent on the platform.
const ABSENT = [
  "Worker",
  "alert",
  "confirm",
  "prompt",
  "localStorage",
  "sessionStorage",
  "Storage",
  "close",
  "closed",
  "window",
  "Window",
  "name",
  "onload",
  "onbeforeunload",
  "onunload",
  "location",
  "Location",
  "BroadcastChannel",
  "OffscreenCanvas",
  "createImageBitmap",
];

class Navigator {
  userAgent = "Cloudflare-Workers";
  language = "en";
  hardwareConcurrency = 1;
}

// Throw, saying what is not here, whenever the named thing is used.
function missing(what) {
  return () => {
    throw new Error(
      `${what} is not emulated yet under the Deno runtime. Run the Worker with --runtime workerd for it.`,
    );
  };
}

class HTMLRewriter {
  constructor() {
    missing("HTMLRewriter")();
  }
}

function makeCaches() {
  const use = missing("The Cache API (caches)");
  const cache = { match: use, put: use, delete: use };
  return { default: cache, open: use };
}

// Wrap a timer so that its callback runs as part of the request that set it.
function timer(native, immediate = false) {
  return (callback, ...rest) => {
    if (typeof callback !== "function") throw new TypeError("The timer's callback must be a function.");
    const visit = currentVisit();
    const values = immediate ? rest : rest.splice(1);
    return native(() => guarded(visit, callback, values), ...(immediate ? [] : rest));
  };
}

function guarded(visit, callback, values) {
  if (visit?.held === 0) return; // as on the platform, what a request leaves behind ends with it
  try {
    work.resume(visit, callback, ...values);
  } catch (error) {
    logException(error, visit);
  }
}

function define(values) {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

function takeErrors() {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logException(event.reason);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    logException(event.error);
  });
}

function takeProcess() {
  const refuse = () => {
    throw new Error("process.exit() is not available in Workers.");
  };
  process.exit =
    process.abort =
    process.reallyExit =
    process.kill =
      refuse;
}

// Give the global scope the platform's surface, before any of the user's modules is loaded.
export function takeGlobals() {
  takeErrors();
  takeProcess();
  extendHeaders();
  for (const name of ABSENT) delete globalThis[name];
  define({
    console: makeConsole(),
    fetch,
    Request,
    Response,
    WebSocket,
    WebSocketPair,
    FixedLengthStream,
    IdentityTransformStream,
    HTMLRewriter,
    Navigator,
    navigator: new Navigator(),
    caches: makeCaches(),
    scheduler: { wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)) },
    setTimeout: timer(nativeSetTimeout),
    setInterval: timer(nativeSetInterval),
    setImmediate: timer(nativeSetImmediate, true),
  });
  Object.defineProperty(globalThis, "Deno", { enumerable: false });
}
