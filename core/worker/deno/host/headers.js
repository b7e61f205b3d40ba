// Header fields as they came: parsed only when the Worker looks at them, and then not to be changed.
import { NativeHeaders } from "./native.js";

const FIXED = "Can't modify immutable headers.";

class ImmutableHeaders extends NativeHeaders {
  append() {
    throw new TypeError(FIXED);
  }

  set() {
    throw new TypeError(FIXED);
  }

  delete() {
    throw new TypeError(FIXED);
  }
}

// Return headers that cannot be changed, of a list of names and values.
export function immutableHeaders(list) {
  return new ImmutableHeaders(list);
}

// Give Headers what the platform's have beside the standard.
export function extendHeaders() {
  Object.defineProperty(ImmutableHeaders, "name", { value: "Headers" });
  NativeHeaders.prototype.getAll = function getAll(name) {
    if (String(name).toLowerCase() !== "set-cookie") {
      throw new TypeError('getAll() can only be used with the header name "Set-Cookie".');
    }
    return this.getSetCookie();
  };
}
