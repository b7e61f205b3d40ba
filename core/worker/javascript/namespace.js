// What env holds for a container binding: a namespace of named objects, each with its container.
import { ContainerHandle, endOf, NamedInstance } from "./container.js";
import { senderOf } from "./fields.js";
import { idFromName, idFromString, newUniqueId } from "./ids.js";

const KEPT_OBJECTS = 1000;
const SIGNAL = Symbol.for("hybrid-tui.signal");
const STORAGE = "Durable Object storage is not emulated yet: ctx.storage cannot be used here.";

// One object of a class: made on first use, with the container of its name.
class Actor {
  inFlight = 0;
  #gate = Promise.resolve();
  #object = null;

  constructor(Class, id, instance, env) {
    this.instance = instance;
    this.#object = this.#make(Class, id, env);
    this.#object.catch(() => {});
  }

  // Run ``use(object)`` once the object is ready and lets events in.
  async run(use) {
    this.inFlight++;
    try {
      const object = await this.#object;
      await this.#gate;
      return await use(object);
    } finally {
      this.inFlight--;
    }
  }

  get made() {
    return this.#object;
  }

  async #make(Class, id, env) {
    await this.instance.operate("state");
    const object = new Class(this.#state(id), env);
    await this.#gate;
    return object;
  }

  #state(id) {
    const inBackground = (promise) => {
      Promise.resolve(promise).catch((error) => console.error(error));
    };
    return {
      id,
      props: {},
      exports: {},
      storage: storage(),
      container: new ContainerHandle(this.instance, inBackground),
      waitUntil: inBackground,
      blockConcurrencyWhile: (callback) => this.#block(callback),
      abort: (reason) => {
        throw new Error(reason ?? "The object was aborted.");
      },
      instance: this.instance,
    };
  }

  async #block(callback) {
    const done = (async () => await callback())();
    this.#gate = Promise.all([this.#gate, done.catch(() => {})]);
    return await done;
  }
}

function storage() {
  const refuse = () => {
    throw new Error(STORAGE);
  };
  return new Proxy({}, { get: (_, name) => name === "sql" || name === "kv" ? storage() : refuse });
}

class Objects {
  #actors = new Map();

  constructor(fetcher, getClass, env) {
    this.fetcher = fetcher;
    this.getClass = getClass;
    this.env = env;
  }

  // Return the object of an id; it is made where there is none.
  of(id) {
    const name = nameOf(id);
    const known = this.#actors.get(name);
    if (known !== undefined) return known;
    this.#makeRoom();
    const actor = new Actor(this.getClass(), id, new NamedInstance(this.fetcher, name), this.env);
    this.#actors.set(name, actor);
    actor.made.catch(() => this.#actors.delete(name));
    return actor;
  }

  #makeRoom() {
    if (this.#actors.size < KEPT_OBJECTS) return;
    for (const [name, actor] of this.#actors) {
      if (actor.inFlight === 0 && !actor.instance.running) return this.#actors.delete(name);
    }
  }
}

function nameOf(id) {
  return id.name ?? String(id);
}

// Return a stub: ``fetch`` and every other method reach the object, as over the platform's RPC.
function makeStub(id, objects) {
  const send = senderOf(objects.fetcher);
  const fetchObject = (input, init) => {
    if (objects.getClass() === undefined) return send(input, init, { instance: nameOf(id) });
    const request = input instanceof Request && init === undefined ? input : new Request(input, init);
    return objects.of(id).run((object) => callFetch(object, request));
  };
  const own = { id, name: id.name, fetch: fetchObject, then: undefined };
  return new Proxy(own, {
    get: (target, name) => {
      if (Object.hasOwn(target, name) || typeof name === "symbol") return target[name];
      return (...values) => callMethod(objects, id, name, values);
    },
  });
}

function callFetch(object, request) {
  if (typeof object.fetch !== "function") throw new TypeError("Handler does not export a fetch() function.");
  return object.fetch(request);
}

async function callMethod(objects, id, name, values) {
  const unknown = () => new TypeError(`The RPC receiver does not implement the method "${name}".`);
  if (objects.getClass() === undefined) throw unknown();
  return await objects.of(id).run((object) => {
    const method = name === "constructor" || Object.hasOwn(object, name) ? undefined : object[name];
    if (typeof method !== "function" || name in Object.prototype) throw unknown();
    return method.apply(object, values);
  });
}

// Return the object of env for a container binding. ``fetcher`` sends to it (see fields.js); ``getClass()``
// returns the class that the Worker exports for it, or undefined.
export function makeNamespace(bindingName, className, fetcher, getClass, env) {
  const objects = new Objects(fetcher, getClass, env);
  const prefix = className || bindingName;
  const namespace = {
    fetch: (input, init) => fetcher.fetch(input, init),
    idFromName: (name) => idFromName(prefix, name),
    idFromString,
    newUniqueId,
    get: (id) => makeStub(id, objects),
    getByName: (name) => makeStub(idFromName(prefix, name), objects),
    jurisdiction: () => namespace,
  };
  Object.defineProperty(namespace, SIGNAL, { value: (notice) => tell(objects, prefix, notice) });
  return namespace;
}

// Tell a namespace what happened to an instance of its; return whether the object's class handles it.
export async function signal(namespace, notice) {
  return await namespace[SIGNAL](notice);
}

async function tell(objects, prefix, notice) {
  if (objects.getClass() === undefined) return false;
  const actor = objects.of(idFromName(prefix, notice.instance));
  return await actor.run(async (object) => {
    if (notice.kind !== "expired") actor.instance.ended(endOf(notice));
    return typeof object[SIGNAL] === "function" ? await object[SIGNAL](notice) : false;
  });
}
