// The Worker's way out: every call of a binding, and every fetch of its own, goes to the engine's gateway.
import { currentVisit } from "./visits.js";

const TOO_MANY = "Too many subrequests by single Worker invocation. To configure this limit, refer to " +
  "https://developers.cloudflare.com/workers/wrangler/configuration/#limits";

export class Gateway {
  #service;
  #limit;

  constructor(service, limit) {
    this.#service = service;
    this.#limit = limit;
  }

  // The fetcher of a binding; the empty name stands for the outside.
  fetcher(binding) {
    return { fetch: (input, init) => this.#fetch(binding, input, init) };
  }

  async #fetch(binding, input, init) {
    const visit = currentVisit();
    if (visit !== undefined && ++visit.calls > this.#limit) throw new Error(TOO_MANY);
    const request = new Request(input, init);
    request.headers.set("hybrid-tui-trace-id", visit?.trace ?? "");
    request.headers.set("hybrid-tui-sub-request", String(visit?.calls ?? 0));
    request.headers.set("hybrid-tui-binding", binding);
    const response = await this.#service.fetch(request);
    if (response.headers.has("hybrid-tui-failed")) throw new Error(await response.text());
    return response;
  }
}
