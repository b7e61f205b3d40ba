// Errors as a person reads them: the stack without the host's own frames, paths relative to the project.
import { inspect } from "./native.js";

const ROOM = new URL("../../", import.meta.url).href;
const FRAME = /^\s+at /;
const DEPTH = 4;
let folder = "";

export function openErrors(projectFolder) {
  folder = projectFolder ?? "";
}

// Return what was thrown, with its stack and its causes.
export function describe(error, depth = 0) {
  if (!(error instanceof Error)) return `Uncaught ${inspect(error, { colors: false })}`;
  const text = cleaned(stackOf(error));
  if (error.cause === undefined || depth === DEPTH) return text;
  return `${text}\nCaused by: ${describe(error.cause, depth + 1)}`;
}

function stackOf(error) {
  const stack = typeof error.stack === "string" ? error.stack : "";
  const first = `${error.name}: ${error.message}`;
  return stack.includes(error.message)
    ? stack
    : `${first}\n${stack.split("\n").filter((line) => FRAME.test(line)).join("\n")}`;
}

function cleaned(stack) {
  const lines = stack.split("\n").filter((line) => !FRAME.test(line) || !isHosts(line));
  const text = lines.join("\n").trimEnd();
  return folder === "" ? text : text.replaceAll(folder, "").replaceAll(decodeURI(folder), "");
}

function isHosts(line) {
  return line.includes(ROOM) || /\((ext|node):|at (ext|node):|entry\.js:/.test(line);
}
