// ctx.container: what a Durable Object does with its container, told to the engine as operations.
import { senderOf } from "./fields.js";

const RUNNING = new Set(["running", "healthy", "stopping"]);
const ALREADY = "start() cannot be called on a container that is already running.";
const PREFIX = "Failed to start container: ";

// An operation that the engine refused: ``status`` is the platform's, the message its text.
export class OperationFailed extends Error {
  name = "Error";

  constructor(status, text) {
    super(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
    Object.defineProperty(this, "status", { value: status });
  }
}

// The named instance behind one object: the engine's operations, and what it last told.
export class NamedInstance {
  running = false;
  status = "stopped";
  #send;
  #name;
  #monitor = null;

  constructor(fetcher, name) {
    this.#send = senderOf(fetcher);
    this.#name = name;
  }

  fetch(input, init, port) {
    return this.#send(input, init, { instance: this.#name, port });
  }

  // Do an operation; return the state that the engine answers. Raises OperationFailed.
  async operate(operation, options = {}) {
    const init = { method: "POST", body: JSON.stringify(options), redirect: "manual" };
    const response = await this.#send("http://container/", init, { instance: this.#name, operation });
    if (response.status !== 200) throw new OperationFailed(response.status, await response.text());
    const state = await response.json();
    this.status = state.status;
    this.running = RUNNING.has(state.status);
    return state;
  }

  // Return a promise that settles when the container has ended, as monitor() of the platform.
  monitor() {
    if (this.#monitor === null) {
      this.#monitor = Promise.withResolvers();
      this.#monitor.promise.catch(() => {});
    }
    return this.#monitor.promise;
  }

  // The container has ended: well, or (with an error) badly.
  ended(error = null) {
    this.running = false;
    const monitor = this.#monitor;
    this.#monitor = null;
    if (error === null) monitor?.resolve();
    else monitor?.reject(error);
  }
}

// Return the error that monitor() rejects with after a signal of the engine; null when it ended well.
export function endOf({ kind, exit_code: exitCode, message }) {
  if (kind === "stopped" && !exitCode) return null;
  if (exitCode === null || exitCode === undefined) return new Error(message || "Container failed.");
  const error = new Error(`Container exited with unexpected exit code: ${exitCode}`);
  error.exitCode = exitCode;
  return error;
}

// The object that user code finds at ctx.container.
export class ContainerHandle {
  #instance;
  #inBackground;

  constructor(instance, inBackground) {
    this.#instance = instance;
    this.#inBackground = inBackground;
  }

  get running() {
    return this.#instance.running;
  }

  start(options = {}) {
    if (this.#instance.running) throw new Error(ALREADY);
    this.#instance.running = true;
    const starting = this.#instance.operate("start", startOptions(options, { wait: false }));
    this.#inBackground(starting.catch((error) => this.#instance.ended(error)));
  }

  monitor() {
    if (!this.#instance.running) {
      throw new Error("monitor() cannot be called on a container that is not running.");
    }
    return this.#instance.monitor();
  }

  async destroy(reason) {
    await this.#instance.operate("destroy");
    this.#instance.ended(reason === undefined ? null : reason);
  }

  signal(number) {
    if (!Number.isInteger(number) || number < 1 || number > 64) {
      throw new TypeError(`Invalid signal number: ${number}.`);
    }
    if (!this.#instance.running) {
      throw new Error("signal() cannot be called on a container that is not running.");
    }
    this.#inBackground(this.#instance.operate("signal", { signal: number }));
  }

  getTcpPort(port) {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new TypeError(`Invalid port number: ${port}.`);
    }
    return {
      fetch: (input, init) => this.#instance.fetch(input, init, port),
      connect: () => notHere("connect() of a container's port"),
    };
  }

  async setInactivityTimeout(milliseconds) {
    if (!(milliseconds > 0)) {
      throw new TypeError("setInactivityTimeout() needs a positive number of milliseconds.");
    }
    await this.#instance.operate("sleep_after", { seconds: milliseconds / 1000 });
  }

  exec() {
    notHere("exec() of a container");
  }

  interceptOutboundHttp() {
    notHere("interceptOutboundHttp() of a container");
  }

  interceptAllOutboundHttp() {
    notHere("interceptAllOutboundHttp() of a container");
  }

  interceptOutboundHttps() {
    notHere("interceptOutboundHttps() of a container");
  }

  snapshotDirectory() {
    notHere("snapshotDirectory() of a container");
  }

  snapshotContainer() {
    notHere("snapshotContainer() of a container");
  }
}

function notHere(what) {
  throw new Error(`${what} is not emulated yet.`);
}

// Return the body of a ``start`` operation, for options as ctx.container.start takes them.
export function startOptions({ env, entrypoint, enableInternet }, rest = {}) {
  return {
    wait: false,
    env: env ?? {},
    entrypoint: entrypoint ?? [],
    enable_internet: enableInternet ?? true,
    port: null,
    sleep_after_s: null,
    timeout_s: null,
    ...rest,
  };
}
