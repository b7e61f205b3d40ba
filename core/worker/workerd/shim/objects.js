// Classes of Durable Objects: the shared modules make their objects here, in the isolate itself, which workerd's
// own base class refuses. A class that extends it is put on the shared base class instead.
import { DurableObject as Native } from "cloudflare:workers";
import { DurableObject as Shared } from "../../javascript/base.js";

Object.setPrototypeOf(Shared.prototype, Native.prototype);

export function onSharedBase(Class) {
  for (let one = Class; typeof one === "function"; one = Object.getPrototypeOf(one)) {
    if (Object.getPrototypeOf(one) !== Native || one === Shared) continue;
    Object.setPrototypeOf(one, Shared);
    Object.setPrototypeOf(one.prototype, Shared.prototype);
  }
}
