// What the isolate tells the engine beside its answers: lines of the log, the end of a request's late work.
// Each record is a line of JSON on standard output behind a mark; the engine cuts longer lines than these.
import { format } from "node:util";
import { currentVisit } from "./visits.js";

const MARK = "\x1fhybrid-tui ";
const PIECE_CHARACTERS = 1000;
const LEVELS = {
  debug: "log",
  log: "log",
  info: "log",
  dir: "log",
  table: "log",
  warn: "warning",
  error: "error",
};
const write = console.log.bind(console);
let limit = Infinity;

function send(record) {
  write(MARK + JSON.stringify(record));
}

export function tellEnd(visit) {
  send({ trace: visit.trace, ended: true });
}

export function log(level, text, visit = currentVisit()) {
  const trace = visit?.trace ?? "";
  if (visit !== undefined && level !== "exception") {
    if (visit.logged > limit) return;
    visit.logged += text.length;
    if (visit.logged > limit) text = "the log of this request is longer than its limit: the rest is dropped";
  }
  let start = 0;
  for (; text.length - start > PIECE_CHARACTERS; start += PIECE_CHARACTERS) {
    send({ trace, level, text: text.slice(start, start + PIECE_CHARACTERS), more: true });
  }
  send({ trace, level, text: text.slice(start) });
}

export function describe(error) {
  if (!(error instanceof Error)) return `Uncaught ${format(error)}`;
  const stack = error.stack ?? String(error);
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${describe(error.cause)}`;
}

export function takeConsole(limitCharacters) {
  limit = limitCharacters;
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...values) => log(level, format(...values));
  }
  console.trace = (...values) => log("log", new Error(format(...values)).stack.replace(/^Error/, "Trace"));
  console.assert = (holds, ...values) => {
    if (!holds) log("error", `Assertion failed: ${format(...values)}`);
  };
}

// Let what a stream of the Worker's own throws be told: workerd only breaks the answer off.
export function watchStreams() {
  for (
    const [name, steps] of [["ReadableStream", ["start", "pull"]], ["TransformStream", [
      "start",
      "transform",
      "flush",
    ]]]
  ) {
    globalThis[name] = new Proxy(globalThis[name], {
      construct: (target, [source, ...others], made) =>
        Reflect.construct(target, [watched(source, steps), ...others], made),
    });
  }
}

function watched(source, steps) {
  if (source === null || typeof source !== "object") return source;
  const seen = Object.create(source);
  const visit = currentVisit();
  for (const step of steps) {
    if (typeof source[step] === "function") {
      seen[step] = (...values) => tellingErrors(visit, source, step, values);
    }
  }
  return seen;
}

function tellingErrors(visit, source, step, values) {
  const tell = async (error) => {
    log("exception", describe(error), visit);
    // What came before gets out first: workerd would drop it, and the answer's head with it.
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw error;
  };
  try {
    const result = source[step](...values);
    return result instanceof Promise ? result.catch(tell) : result;
  } catch (error) {
    return tell(error);
  }
}
