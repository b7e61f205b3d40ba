// What belongs to one request while the Worker works on it: trace, calls, log, and the work after the answer.
import { AsyncLocalStorage } from "node:async_hooks";

const TOO_MANY = "Too many subrequests by single Worker invocation. To configure this limit, refer to " +
  "https://developers.cloudflare.com/workers/wrangler/configuration/#limits";
const storage = new AsyncLocalStorage();

export class Visit {
  logged = 0;
  #calls = 0;
  #counted = 0;
  #held = 0;
  #answered = false;
  #over = null;
  #ctx;
  #onEnd;

  // ``ctx`` is workerd's own; ``onEnd`` is called when the last work after the answer has ended.
  constructor(trace, ctx, onEnd) {
    this.trace = trace;
    this.#ctx = ctx;
    this.#onEnd = onEnd;
  }

  // Return the number of one more call. Throws past the limit, to which operations do not count.
  numberCall(isOperation, limit) {
    if (!isOperation && ++this.#counted > limit) throw new Error(TOO_MANY);
    return ++this.#calls;
  }

  // Let work go on after the answer, until the promise, which never rejects, has settled.
  keep(promise) {
    this.#held++;
    this.#ctx.waitUntil(promise.then(() => this.#release()));
  }

  // Let the handler go on though its visitor leaves: an object that others wait for is being made, or started.
  stay() {
    if (this.#over !== null) return;
    this.#over = Promise.withResolvers();
    this.#ctx.waitUntil(this.#over.promise);
  }

  // Note that the handler has ended.
  end() {
    this.#over?.resolve();
  }

  // Note that the answer goes out; return whether work goes on, whose end is then told.
  answer() {
    this.#answered = this.#held > 0;
    return this.#answered;
  }

  #release() {
    if (--this.#held === 0 && this.#answered) this.#onEnd(this);
  }
}

export function currentVisit() {
  return storage.getStore();
}

export function during(visit, work) {
  return storage.run(visit, work);
}
