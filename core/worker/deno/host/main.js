// The isolate's end of the link in Deno: connects, gives up all rights, loads the Worker, serves.
import { openSync } from "node:fs";
import { classFinder } from "../../javascript/classes.js";
import { openContext } from "../../javascript/cloudflare_workers.js";
import { makeNamespace } from "../../javascript/namespace.js";
import { fetcherOf, onResponse, openCalls } from "./binding.js";
import { openConsole } from "./console.js";
import { describe, openErrors } from "./errors.js";
import { takeGlobals } from "./globals.js";
import { CANCEL, DROP, LOAD_FAILED, NOTIFY, PING, PONG, PULL, READY, REQUEST, RESPONSE } from "./kinds.js";
import { Link } from "./link.js";
import { connect, exit, memoryUsage, permissions } from "./native.js";
import { Requests } from "./requests.js";
import { onSocketFrame, openSockets } from "./sockets.js";
import { onStreamFrame, openStreams } from "./streams.js";
import { currentVisit, work } from "./work.js";

const LAST_STREAM_KIND = DROP;
const RIGHTS = ["read", "write", "net"];
let requests = null;
let link = null;

takeGlobals();

// Serve the Worker. ``load`` is its module, or (so that it is loaded once the isolate has no rights) a
// function that imports it. ``setup``: see core/worker/deno/launcher.py.
export async function serve(load, setup) {
  openErrors(setup.folder);
  await open(setup);
  const env = {};
  openContext(env, () => currentVisit()?.context);
  try {
    let worker = null;
    const namespaces = fillEnv(env, setup, () => worker);
    worker = typeof load === "function" ? await load() : load;
    requests = new Requests(link, worker, env, namespaces);
  } catch (error) {
    return await refuse(error);
  }
  link.sendJson(READY, 0, requests.describe());
  link.run();
}

async function open(setup) {
  const markFile = openSync(setup.mark, "r+");
  const connection = await connect({ transport: "unix", path: setup.socket });
  for (const name of RIGHTS) await permissions.revoke({ name });
  link = new Link(connection, deliver, () => work.settle());
  work.open(link, markFile);
  openStreams(link);
  openSockets(link);
  openCalls(link, setup.sub_request_limit ?? Infinity);
  openConsole(link, setup.log_limit_bytes ?? Infinity);
}

function fillEnv(env, setup, loaded) {
  const namespaces = new Map();
  Object.assign(env, setup.vars);
  const bindings = setup.bindings ?? [];
  for (const { name, class_name: className } of bindings) {
    const getClass = classFinder(loaded, { name, className }, bindings);
    const namespace = makeNamespace(name, className, fetcherOf(name), getClass, env);
    namespaces.set(name, namespace);
    env[name] = namespace;
  }
  return namespaces;
}

async function refuse(error) {
  link.sendJson(LOAD_FAILED, 0, { message: describe(error) });
  await link.flush();
  exit(1);
}

function deliver(kind, id, payload) {
  if (kind === REQUEST || kind === NOTIFY) {
    link.flush(); // what is answered must be out, should this one never give the isolate back
    return requests.begin(id, payload, kind === NOTIFY);
  }
  if (kind === RESPONSE) return onResponse(id, payload);
  if (kind === CANCEL) return requests.cancel(id);
  if (kind === PING) return pong(id);
  if (kind >= PULL && kind <= LAST_STREAM_KIND) return onStreamFrame(kind, id, payload);
  return onSocketFrame(kind, id, payload);
}

function pong(id) {
  const { heapUsed, external } = memoryUsage();
  link.sendJson(PONG, id, { heap_bytes: heapUsed + external });
}
