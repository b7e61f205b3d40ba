// What the isolate works on: requests and events under way, whose turn it is, and the CPU time of each.
import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import { FINISHED } from "./kinds.js";
import { cpuMicroseconds } from "./native.js";

const storage = new AsyncLocalStorage();

// One request or event: from its frame until its answer, its body, its waitUntil and its sockets have ended.
export class Visit {
  calls = 0;
  loggedBytes = 0;
  cpuUs = 0;
  held = 1;
  canceled = false;
  abort = null;
  sources = null;

  constructor(id, trace) {
    this.id = id;
    this.trace = trace;
  }

  hold() {
    this.held++;
  }

  release() {
    if (--this.held === 0) work.end(this);
  }
}

class Work {
  visits = new Map();
  #link = null;
  #mark = null;
  #markFile = -1;
  #current = null;
  #reading = 0;
  #worked = null; // whose turn it was last, and how often that changed
  #changes = 0;
  #ended = [];

  open(link, markFile) {
    this.#link = link;
    this.#mark = new Uint32Array(2);
    this.#markFile = markFile;
    this.#reading = cpuMicroseconds();
  }

  begin(visit) {
    this.visits.set(visit.id, visit);
    this.#mark[1] = visit.id;
    this.enter(visit);
    visit.changes = this.#changes;
  }

  // Say that from now on the isolate works for a visit, or (null) for nobody in particular.
  enter(visit) {
    this.#charge();
    this.#current = visit;
    if (visit === null || visit === undefined || this.#worked === visit) return;
    this.#worked = visit;
    this.#changes++;
    this.#mark[0] = visit.id;
    writeSync(this.#markFile, this.#mark, 0, 8, 0);
  }

  // Run a callback that a visit has left behind (a timer, an event), as part of that visit.
  resume(visit, callback, ...values) {
    if (visit === undefined || visit === null) return callback(...values);
    this.enter(visit);
    this.#link.wake();
    return storage.run(visit, callback, ...values);
  }

  end(visit) {
    this.#ended.push(visit);
    this.#link.wake();
  }

  // Report the visits that have ended, now that the CPU time of their last turn is known.
  settle() {
    this.#charge();
    if (this.#ended.length === 0) return;
    for (const visit of this.#ended) this.#finish(visit);
    this.#ended = [];
  }

  #finish(visit) {
    this.visits.delete(visit.id);
    if (this.#current === visit) this.#current = null;
    visit.sources?.forEach((source) => source.giveUp());
    const alone = visit.changes === this.#changes;
    this.#link.sendJson(FINISHED, visit.id, { cpu_ms: visit.cpuUs / 1000, alone });
  }

  #charge() {
    const now = cpuMicroseconds();
    if (this.#current !== null && this.#current !== undefined) this.#current.cpuUs += now - this.#reading;
    this.#reading = now;
  }
}

export const work = new Work();

export function currentVisit() {
  return storage.getStore();
}

export function during(visit, callback, ...values) {
  return storage.run(visit, callback, ...values);
}
