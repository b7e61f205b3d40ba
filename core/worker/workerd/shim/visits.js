// What belongs to one request while the Worker works on it: its trace, its calls, its log, its work after the answer.
import { AsyncLocalStorage } from "node:async_hooks";

const storage = new AsyncLocalStorage();

export class Visit {
  calls = 0;
  logged = 0;
  #held = 0;
  #answered = false;
  #onEnd;

  constructor(trace, onEnd) {
    this.trace = trace;
    this.#onEnd = onEnd;
  }

  // Let work go on after the answer, until the promise settles.
  hold(promise) {
    this.#held++;
    promise.then(() => this.#release(), () => this.#release());
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
