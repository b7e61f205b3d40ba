// The isolate's entry in workerd: gives the Worker its env, runs its handlers, and tells the engine what happened.
import { withEnv } from "cloudflare:workers";
import { Gateway } from "./gateway.js";
import { describe, log, takeConsole, tellEnd, watchStreams } from "./records.js";
import { during, Visit } from "./visits.js";

const NO_HANDLER = "Handler does not export a fetch() function.";
const NO_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";

// Make the object that workerd calls, for a module of the user's and what the engine says about it.
export function serve(worker, settings) {
  takeConsole(settings.logLimit);
  watchStreams();
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log("exception", describe(event.reason));
  });
  const isolate = new Isolate(worker, settings);
  return { fetch: (request, env, ctx) => isolate.take(request, env, ctx) };
}

class Isolate {
  #worker;
  #settings;
  #env = null;

  constructor(worker, settings) {
    this.#worker = worker;
    this.#settings = settings;
  }

  take(request, native, ctx) {
    // The note comes in request.cf, which workerd reads from a header that the Worker does not see.
    const { hybridTui: note, ...cf } = request.cf;
    if (note.ping) return Response.json({ classes: Object.keys(this.#worker) });
    this.#env ??= this.#makeEnv(native);
    const visit = new Visit(note.trace, tellEnd);
    return during(
      visit,
      () =>
        withEnv(
          this.#env,
          () =>
            note.event === undefined
              ? this.#answer(visit, new Request(request, { cf }), ctx)
              : this.#handle(visit, note.event, ctx),
        ),
    );
  }

  #makeEnv(native) {
    const gateway = new Gateway(native.HYBRID_TUI_GATEWAY, this.#settings.subRequestLimit);
    globalThis.fetch = gateway.fetcher("").fetch;
    const env = {};
    for (const name of this.#settings.variables) env[name] = native[name];
    for (const { name } of this.#settings.bindings) env[name] = gateway.fetcher(name);
    return env;
  }

  #call(handler, argument, context) {
    const entry = this.#worker.default;
    const target = typeof entry === "function" ? new entry(context, this.#env) : entry;
    if (typeof target?.[handler] !== "function") throw new TypeError(NO_HANDLER);
    return target[handler](argument, this.#env, context);
  }

  async #notify(event, context) {
    if (event.type !== "scheduled" || !this.#handles("scheduled")) return false;
    await this.#call("scheduled", new ScheduledController(event), context);
    return true;
  }

  #handles(handler) {
    const entry = this.#worker.default;
    return typeof (typeof entry === "function" ? entry.prototype : entry)?.[handler] === "function";
  }

  async #answer(visit, request, ctx) {
    let response;
    try {
      response = await this.#call("fetch", request, this.#context(visit, ctx));
      if (!(response instanceof Response)) throw new TypeError(NO_RESPONSE);
    } catch (error) {
      return failure(visit, error);
    }
    if (!visit.answer()) return response;
    return inBackground(response);
  }

  async #handle(visit, event, ctx) {
    try {
      const handled = await this.#notify(event, this.#context(visit, ctx));
      const response = Response.json({ handled });
      return visit.answer() ? inBackground(response) : response;
    } catch (error) {
      return failure(visit, error);
    }
  }

  #context(visit, ctx) {
    return {
      waitUntil(promise) {
        const work = Promise.resolve(promise).catch((error) => log("exception", describe(error), visit));
        visit.hold(work);
        ctx.waitUntil(work);
      },
      passThroughOnException() {},
      props: ctx.props ?? {},
    };
  }
}

class ScheduledController {
  type = "scheduled";

  constructor({ cron, time_ms }) {
    this.cron = cron;
    this.scheduledTime = time_ms;
  }

  noRetry() {}
}

function failure(visit, error) {
  const headers = { "hybrid-tui-failed": "1101" };
  if (visit.answer()) headers["hybrid-tui-background"] = "1";
  return new Response(describe(error), { status: 500, headers });
}

function inBackground(response) {
  if (response.webSocket !== null) return response;
  const marked = new Response(response.body, response);
  marked.headers.set("hybrid-tui-background", "1");
  return marked;
}
