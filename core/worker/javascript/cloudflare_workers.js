// The module "cloudflare:workers" where the runtime has none of its own.
export { DurableObject, RpcTarget, WorkerEntrypoint } from "./base.js";

let current = () => undefined;

// The same bindings and variables that handlers get.
export let env = {};

// Say what ``env`` is and where the context of the request under way comes from; called by the host.
export function openContext(bindings, contextNow) {
  env = bindings;
  current = contextNow;
}

// Let a promise go on after the answer of the request under way.
export function waitUntil(promise) {
  const context = current();
  if (context === undefined) throw new Error("waitUntil() can only be called while a request is handled.");
  context.waitUntil(promise);
}

function notHere(what) {
  throw new Error(
    `${what} is not emulated yet: the Worker can be loaded, and this part of it cannot run here.`,
  );
}

export class WorkflowEntrypoint {
  constructor() {
    notHere("Workflows");
  }
}

export const exports = new Proxy({}, { get: () => notHere("exports of cloudflare:workers") });
