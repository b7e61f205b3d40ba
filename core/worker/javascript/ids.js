// Ids of objects: of a name, or unique. The same name always gives the same id, here and after a restart.

const ID = /^[0-9a-f]{64}$/;
const KEPT_NAMES = 10_000;
const names = new Map();

export class DurableObjectId {
  #hex;

  constructor(hex, name) {
    this.#hex = hex;
    if (name !== undefined) this.name = name;
  }

  toString() {
    return this.#hex;
  }

  equals(other) {
    return String(other) === this.#hex;
  }
}

export function idFromName(className, name) {
  const text = String(name);
  const hex = hash(`${className}\n${text}`);
  if (names.size >= KEPT_NAMES) names.delete(names.keys().next().value);
  names.set(hex, text);
  return new DurableObjectId(hex, text);
}

export function newUniqueId() {
  return new DurableObjectId(hexOf(crypto.getRandomValues(new Uint8Array(32))));
}

export function idFromString(hex) {
  if (!ID.test(hex)) throw new TypeError("Invalid Durable Object ID: must be 64 hex digits");
  return new DurableObjectId(hex, names.get(hex));
}

function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// FNV-1a over 32 bits, eight times with other starts: the platform's hash is not known, and none is secret here.
function hash(text) {
  const words = new Uint32Array(8);
  for (let word = 0; word < 8; word++) {
    let value = 0x811c9dc5 ^ Math.imul(word, 0x9e3779b1);
    for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
    value = Math.imul(value ^ value >>> 15, 0x85ebca6b);
    words[word] = value ^ value >>> 13;
  }
  return [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
}
