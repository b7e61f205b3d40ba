// The isolate's entry in workerd: gives the Worker its env, runs its handlers, and tells the engine what happened.
import { withEnv } from "cloudflare:workers";
import { classFinder } from "../../javascript/classes.js";
import { Dispatch } from "../../javascript/dispatch.js";
import { makeNamespace } from "../../javascript/namespace.js";
import { Gateway } from "./gateway.js";
import { onSharedBase } from "./objects.js";
import { describe, log, takeConsole, tellEnd, watchStreams } from "./records.js";
import { during, Visit } from "./visits.js";

const USED_BODY =
  "Body has already been used. It can only be used once. Use tee() first if you need to read " +
  "it more than once.";
const NO_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";

// Make the object that workerd calls, for a module of the user's and what the engine says about it.
export function serve(worker, settings) {
  takeConsole(settings.logLimit);
  watchStreams();
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log("exception", describe(event.reason));
  });
  Object.values(worker).forEach(onSharedBase);
  const isolate = new Isolate(worker, settings);
  return { fetch: (request, env, ctx) => isolate.take(request, env, ctx) };
}

class Isolate {
  #worker;
  #settings;
  #env = {};
  #dispatch = null;

  constructor(worker, settings) {
    this.#worker = worker;
    this.#settings = settings;
  }

  take(request, native, ctx) {
    // The note comes in request.cf, which workerd reads from a header that the Worker does not see.
    const { hybridTui: note, ...cf } = request.cf;
    if (note.ping) return new Response(null, { status: 204 });
    this.#dispatch ??= this.#prepare(native);
    const visit = new Visit(note.trace, ctx, tellEnd);
    const work = note.event === undefined
      ? () => this.#answer(new Request(request, { cf }), contextOf(visit, ctx))
      : () => this.#notify(note.event, contextOf(visit, ctx));
    return during(visit, () => withEnv(this.#env, () => finish(visit, work)));
  }

  #prepare(native) {
    const gateway = new Gateway(native.HYBRID_TUI_GATEWAY, this.#settings.subRequestLimit);
    globalThis.fetch = gateway.outside();
    for (const name of this.#settings.variables) this.#env[name] = native[name];
    const namespaces = new Map();
    const { bindings } = this.#settings;
    for (const { name, className } of bindings) {
      const getClass = classFinder(() => this.#worker, { name, className }, bindings);
      namespaces.set(name, makeNamespace(name, className, gateway.fetcher(name), getClass, this.#env));
      this.#env[name] = namespaces.get(name);
    }
    return new Dispatch(this.#worker, this.#env, namespaces);
  }

  async #answer(request, context) {
    const response = await this.#dispatch.fetch(request, context);
    if (!(response instanceof Response)) throw new TypeError(NO_RESPONSE);
    if (response.bodyUsed) throw new TypeError(USED_BODY);
    return response;
  }

  async #notify(event, context) {
    return Response.json({ handled: await this.#dispatch.notify(event, context) });
  }
}

function contextOf(visit, ctx) {
  return {
    waitUntil(promise) {
      visit.keep(Promise.resolve(promise).catch((error) => log("exception", describe(error), visit)));
    },
    passThroughOnException() {},
    props: ctx.props ?? {},
  };
}

// Return what goes to the engine: the answer, or why there is none, and whether work goes on after it.
async function finish(visit, work) {
  try {
    const response = await work();
    return visit.answer() && response.webSocket === null ? inBackground(response) : response;
  } catch (error) {
    const failed = new Response(describe(error), { status: 500, headers: { "hybrid-tui-failed": "1101" } });
    return visit.answer() ? inBackground(failed) : failed;
  } finally {
    visit.end();
  }
}

function inBackground(response) {
  const marked = new Response(response.body, response);
  marked.headers.set("hybrid-tui-background", "1");
  return marked;
}
