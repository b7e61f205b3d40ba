// The package "@cloudflare/containers" (the surface of release 0.3.7), over the engine's operations.
import { DurableObject, WorkerEntrypoint } from "./base.js";
import { OperationFailed, startOptions } from "./container.js";

export { getContainer, getRandom, loadBalance, switchPort } from "./choosing.js";

const NO_INSTANCE = "there is no container instance that can be provided to this durable object";
const NO_INSTANCE_ANSWER = "There is no Container instance available at this time.\n" +
  "This is likely because you have reached your max concurrent instance count (set in wrangler config) or are " +
  "you currently provisioning the Container.\nIf you are deploying your Container for the first time, check " +
  "your dashboard to see provisioning status, this may take a few minutes.";
const RATE_LIMITED = "you are requesting too many containers per second";
const NOT_ENABLED =
  "Containers have not been enabled for this Durable Object class. Have you correctly setup your " +
  "Wrangler config? More info: https://developers.cloudflare.com/containers/get-started/#configuration";
const NO_PORT =
  "No port configured for this container. Set the `defaultPort` in your Container subclass, or " +
  "specify a port with `container.fetch(switchPort(request, port))`.";
const NO_FETCH_PORT = "No port specified for container fetch. Set defaultPort or specify a port parameter.";
const TARGET_PORT = "cf-container-target-port";
const FALLBACK_PORT = 33;
const TIMEOUT_TO_GET_CONTAINER_MS = 8_000;
const TIMEOUT_TO_GET_PORTS_MS = 20_000;
const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };
const SECONDS = { s: 1, m: 60, h: 3600 };
const SIGNAL = Symbol.for("hybrid-tui.signal");
const OUTBOUND = ["outbound", "outboundByHost", "outboundHandlers"];

// Return the handler parameters as they are: the package's helper for typing them.
export function outboundParams(_handler, params) {
  return params;
}

export class ContainerProxy extends WorkerEntrypoint {
  fetch() {
    notHere("ContainerProxy: handling what a container sends out");
  }
}

export class Container extends DurableObject {
  defaultPort;
  requiredPorts;
  sleepAfter = "10m";
  envVars = {};
  entrypoint;
  enableInternet = true;
  labels = {};
  interceptHttps = false;
  allowedHosts;
  deniedHosts;
  pingEndpoint = "ping";
  container;
  #instance;
  #starting = null;
  #healthy = false;

  constructor(ctx, env, options) {
    super(ctx, env);
    if (ctx.container === undefined) throw new Error(NOT_ENABLED);
    this.container = ctx.container;
    this.#instance = ctx.instance;
    for (const name of ["defaultPort", "sleepAfter", "envVars", "entrypoint", "enableInternet"]) {
      if (options?.[name] !== undefined) this[name] = options[name];
    }
    ctx.blockConcurrencyWhile(() => this.#opened());
  }

  onStart() {}

  onStop(_params) {}

  async onActivityExpired() {
    console.log("Activity expired, signalling container to stop");
    if (this.container.running) await this.stop();
  }

  onError(error) {
    console.error("Container error:", error);
    throw error;
  }

  async getState() {
    const state = await this.#instance.operate("state");
    const { status, exit_code: exitCode, since_ms: lastChange } = state;
    return exitCode === null || exitCode === undefined
      ? { status, lastChange }
      : { status, lastChange, exitCode };
  }

  renewActivityTimeout() {
    if (this.container.running) this.#inBackground(this.#instance.operate("renew"));
  }

  async start(options = {}, waitOptions = {}) {
    await this.#begin(
      options,
      { wait: false, timeout_s: TIMEOUT_TO_GET_CONTAINER_MS / 1000 },
      waitOptions.signal,
    );
    await this.#started();
  }

  async startAndWaitForPorts(portsOrArgs, cancellationOptions, startOptions) {
    const given = typeof portsOrArgs === "object" && portsOrArgs !== null && !Array.isArray(portsOrArgs)
      ? portsOrArgs
      : { ports: portsOrArgs, cancellationOptions, startOptions };
    this.#starting ??= this.#startAndWait(given).finally(() => this.#starting = null);
    await this.#starting;
  }

  async waitForPort({ portToCheck, signal, retries, waitInterval = 300 }) {
    const timeout = retries === undefined ? TIMEOUT_TO_GET_PORTS_MS : retries * waitInterval;
    await this.#begin({}, { wait: true, port: portToCheck, timeout_s: timeout / 1000 }, signal);
    return retries ?? Math.ceil(timeout / waitInterval);
  }

  async stop(signal = "SIGTERM") {
    if (!this.container.running) return;
    await this.#instance.operate("signal", { signal: typeof signal === "string" ? SIGNALS[signal] : signal });
  }

  async destroy() {
    await this.container.destroy();
  }

  async fetch(request) {
    const wanted = request.headers.get(TARGET_PORT);
    if (wanted === null && this.defaultPort === undefined) throw new Error(NO_PORT);
    const port = wanted === null ? this.defaultPort : parseInt(wanted);
    if (isNaN(port)) throw new Error("port value from switchPort is not a number");
    return await this.containerFetch(request, port);
  }

  async containerFetch(requestOrUrl, portOrInit, portParam) {
    const [request, port] = this.#fetchArguments(requestOrUrl, portOrInit, portParam);
    if (!this.container.running || !this.#healthy) {
      try {
        await this.startAndWaitForPorts(port, { abort: request.signal });
      } catch (error) {
        return failedStart(error);
      }
    }
    try {
      return await this.#instance.fetch(...plainHttp(request), port);
    } catch (error) {
      return this.#failedFetch(error);
    }
  }

  schedule() {
    notHere("Container.schedule()");
  }

  getSchedule() {
    notHere("Container.getSchedule()");
  }

  listSchedules() {
    notHere("Container.listSchedules()");
  }

  deleteSchedules() {
    notHere("Container.deleteSchedules()");
  }

  // What the engine tells of this object's instance; returns whether the class handles it itself.
  async [SIGNAL]({ kind, exit_code: exitCode, reason, message }) {
    if (kind === "expired") return await this.#hook("onActivityExpired");
    this.#healthy = false;
    if (kind === "failed" && (exitCode === null || exitCode === undefined)) {
      return await this.#hook("onError", new Error(message));
    }
    return await this.#hook("onStop", { exitCode: exitCode ?? 0, reason });
  }

  // Call a hook where the class has its own; the defaults are the engine's to carry out.
  async #hook(name, ...values) {
    if (this[name] === Container.prototype[name]) return false;
    await this[name](...values);
    return true;
  }

  async #opened() {
    await null; // the fields of subclasses are set after this constructor
    const ignored = OUTBOUND.filter((name) => this.constructor[name] !== undefined);
    if (ignored.length > 0 || this.allowedHosts || this.deniedHosts) {
      console.warn(
        "Outbound interception of containers is not emulated yet: the class's settings are ignored.",
      );
    }
    if (!this.container.running) return;
    this.#healthy = this.#instance.status === "healthy";
    await this.#instance.operate("sleep_after", { seconds: secondsOf(this.sleepAfter) });
  }

  async #startAndWait({ ports, cancellationOptions = {}, startOptions = {} }) {
    const wanted = this.#ports(ports);
    const timeout = (cancellationOptions.instanceGetTimeoutMS ?? TIMEOUT_TO_GET_CONTAINER_MS) +
      (cancellationOptions.portReadyTimeoutMS ?? TIMEOUT_TO_GET_PORTS_MS);
    for (const port of wanted) {
      await this.#begin(
        startOptions,
        { wait: true, port, timeout_s: timeout / 1000 },
        cancellationOptions.abort,
      );
    }
    this.#healthy = true;
    await this.#started();
  }

  #ports(given) {
    if (given !== undefined) return [given].flat();
    return this.requiredPorts?.length > 0 ? [...this.requiredPorts] : [this.defaultPort ?? FALLBACK_PORT];
  }

  async #begin(options, rest, signal) {
    const chosen = {
      env: options.envVars ?? this.envVars,
      entrypoint: options.entrypoint ?? this.entrypoint,
      enableInternet: options.enableInternet ?? this.enableInternet,
    };
    const asked = startOptions(chosen, { sleep_after_s: secondsOf(this.sleepAfter), ...rest });
    try {
      await unlessAborted(this.#instance.operate("start", asked), signal);
    } catch (error) {
      if (error instanceof OperationFailed) await this.#tellError(error);
      throw error;
    }
  }

  async #started() {
    await this.ctx.blockConcurrencyWhile(async () => await this.onStart());
  }

  async #tellError(error) {
    try {
      await this.onError(error);
    } catch {
      // what the hook throws is not what went wrong
    }
  }

  #inBackground(promise) {
    this.ctx.waitUntil(promise);
  }

  #fetchArguments(requestOrUrl, portOrInit, portParam) {
    const isRequest = requestOrUrl instanceof Request;
    const init = typeof portOrInit === "number" ? {} : portOrInit ?? {};
    const request = isRequest ? requestOrUrl : new Request(String(requestOrUrl), init);
    const port = [portOrInit, portParam].find((one) => typeof one === "number") ?? this.defaultPort;
    if (port === undefined) throw new Error(NO_FETCH_PORT);
    return [request, port];
  }

  #failedFetch(error) {
    if (!(error instanceof Error)) throw error;
    if (error.message.includes("Network connection lost.")) {
      return new Response("Container suddenly disconnected, try again", { status: 500 });
    }
    console.error(`Error proxying request to container ${this.ctx.id}:`, error);
    return new Response(`Error proxying request to container: ${error.message}`, { status: 500 });
  }
}

for (
  const name of [
    "setOutboundHandler",
    "setOutboundByHost",
    "removeOutboundByHost",
    "setOutboundByHosts",
    "setAllowedHosts",
    "setDeniedHosts",
    "allowHost",
    "denyHost",
    "removeAllowedHost",
    "removeDeniedHost",
  ]
) {
  Container.prototype[name] = () => notHere(`Container.${name}()`);
}

function notHere(what) {
  throw new Error(`${what} is not emulated yet.`);
}

// Return what tcpPort.fetch gets: the request itself, but over plain HTTP.
function plainHttp(request) {
  if (!request.url.startsWith("https:")) return [request, undefined];
  return [request.url.replace("https:", "http:"), request];
}

function failedStart(error) {
  const text = error instanceof Error ? error.message : String(error);
  const lower = text.toLowerCase();
  if (lower.includes(NO_INSTANCE) || text.startsWith("There is no Container instance available")) {
    return new Response(NO_INSTANCE_ANSWER, { status: 503 });
  }
  if (lower.includes(RATE_LIMITED)) return new Response(text, { status: 429 });
  return new Response(`Failed to start container: ${text}`, { status: 500 });
}

async function unlessAborted(promise, signal) {
  if (signal === undefined || signal === null) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers();
  const stop = () => reject(new Error("Container request aborted."));
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
    aborted.catch(() => {});
  }
}

// Return the seconds that a time like "10m" or a number stands for.
export function secondsOf(time) {
  if (typeof time === "number") return time;
  if (typeof time !== "string") throw new Error(`invalid type for a time expression: ${typeof time}`);
  const match = time.match(/^(\d+)([smh])$/);
  if (!match) throw new Error(`invalid time expression ${time}`);
  return parseInt(match[1]) * SECONDS[match[2]];
}
