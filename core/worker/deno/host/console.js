// The Worker's console, whose lines go to the engine with the request that they belong to.
import { describe } from "./errors.js";
import { LOG } from "./kinds.js";
import { Console } from "./native.js";
import { currentVisit } from "./work.js";

const LEVELS = ["log", "log", "warning", "error"]; // as the console numbers them: debug, log, warn, error
const TOO_LONG =
  "Log size limit exceeded: More than 256KB of data (across console.log statements, exception, " +
  "request metadata and headers) was logged during a single request. Subsequent data for this request will not " +
  "be recorded in logs, appear when tailing this Worker's logs, or in Tail Workers.";
let link = null;
let limit = Infinity;

export function openConsole(to, limitBytes) {
  link = to;
  limit = limitBytes;
}

export function makeConsole() {
  return new Console((text, level) => log(LEVELS[level] ?? "log", text.replace(/\n$/, "")));
}

// Send a line to the engine; what goes beyond the request's limit is dropped, which is said once.
export function log(level, text, visit = currentVisit()) {
  if (visit !== undefined) {
    if (visit.loggedBytes > limit) return;
    visit.loggedBytes += text.length;
    if (visit.loggedBytes > limit) [level, text] = ["warning", TOO_LONG];
  }
  link?.sendJson(LOG, visit?.id ?? 0, { level, text });
}

// Report what was thrown where nobody catches it; the isolate lives on.
export function logException(error, visit = currentVisit()) {
  log("exception", describe(error), visit);
}
