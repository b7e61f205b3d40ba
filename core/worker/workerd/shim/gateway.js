// The Worker's way out: every call of a binding, and every fetch of its own, goes to the engine's gateway.
import { INSTANCE, OPERATION, PORT } from "../../javascript/fields.js";
import { follow } from "./redirects.js";
import { currentVisit } from "./visits.js";

const ANYWHERE = {};
const nativeFetch = globalThis.fetch;

export class Gateway {
  #service;
  #limit;

  constructor(service, limit) {
    this.#service = service;
    this.#limit = limit;
  }

  // The fetcher of a binding; the empty name stands for the outside. ``send`` also names instance, port
  // and operation, as the shared modules want it (see senderOf in javascript/fields.js).
  fetcher(binding) {
    return {
      fetch: (input, init) => this.#call(binding, input, init, ANYWHERE),
      send: (input, init, target) => this.#call(binding, input, init, target),
    };
  }

  // The global fetch: what a URL holds itself is read here, all else is the engine's to decide.
  outside() {
    return (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      return /^data:/i.test(url) ? nativeFetch(input, init) : this.#call("", input, init, ANYWHERE);
    };
  }

  async #call(binding, input, init, target) {
    const visit = currentVisit();
    const answer = this.#ask(binding, input, init, target, visit);
    // What is done with a container is done to its end: nobody may wait for it, or others than its visitor.
    if (target.operation) {
      visit?.stay();
      visit?.keep(answer.catch(() => {}));
    }
    return await answer;
  }

  #ask(binding, input, init, target, visit) {
    const request = new Request(input, init);
    if (request.redirect === "manual") return this.#send(binding, request, target, visit);
    const body = init?.body instanceof ReadableStream ? undefined : init?.body;
    return follow(request, body, (one) => this.#send(binding, one, target, visit));
  }

  async #send(binding, request, target, visit) {
    request.headers.set("hybrid-tui-trace-id", visit?.trace ?? "");
    request.headers.set(
      "hybrid-tui-sub-request",
      String(visit?.numberCall(target.operation, this.#limit) ?? 0),
    );
    request.headers.set("hybrid-tui-binding", binding);
    if (target.instance) request.headers.set(INSTANCE, encodeURIComponent(target.instance));
    if (target.port) request.headers.set(PORT, String(target.port));
    if (target.operation) request.headers.set(OPERATION, target.operation);
    const response = await this.#service.fetch(request);
    if (response.headers.has("hybrid-tui-failed")) throw new Error(await response.text());
    return response;
  }
}
