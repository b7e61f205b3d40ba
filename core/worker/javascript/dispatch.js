// Finds the Worker's handlers and calls them: an object, or a class, as default export.
import { signal } from "./namespace.js";

const EVENTS = ["fetch", "scheduled"];
const NO_FETCH =
  "Handler does not export a fetch() function. The Worker's main module needs a default export with " +
  "one: export default { async fetch(request, env, ctx) { … } }";

export class Dispatch {
  #worker;
  #env;
  #namespaces;

  // ``namespaces``: those of env by the binding's name, for signals of containers.
  constructor(worker, env, namespaces = new Map()) {
    this.#worker = worker;
    this.#env = env;
    this.#namespaces = namespaces;
  }

  handlers() {
    const entry = this.#worker.default;
    const from = typeof entry === "function" ? entry.prototype : entry;
    return EVENTS.filter((name) => typeof from?.[name] === "function");
  }

  // Return the names of the classes that the Worker exports.
  classes() {
    return Object.keys(this.#worker).filter((name) =>
      name !== "default" && typeof this.#worker[name] === "function"
    );
  }

  fetch(request, context) {
    const called = this.#call("fetch", request, context);
    if (called === undefined) throw new TypeError(NO_FETCH);
    return called.result;
  }

  // Handle a NOTIFY (see core/worker/link/frames.py); return whether the Worker has a handler for it.
  async notify(notice, context) {
    if (notice.type === "scheduled") return await this.#scheduled(notice, context);
    const namespace = this.#namespaces.get(notice.binding);
    return namespace === undefined ? false : await signal(namespace, notice);
  }

  async #scheduled({ cron, time_ms: scheduledTime }, context) {
    const controller = { type: "scheduled", cron, scheduledTime, noRetry() {} };
    const called = this.#call("scheduled", controller, context);
    await called?.result;
    return called !== undefined;
  }

  #call(name, argument, context) {
    const entry = this.#worker.default;
    if (typeof entry === "function") {
      const object = new entry(context, this.#env);
      if (typeof object[name] !== "function") return undefined;
      return { result: object[name](argument) };
    }
    if (typeof entry?.[name] !== "function") return undefined;
    return { result: entry[name](argument, this.#env, context) };
  }
}
