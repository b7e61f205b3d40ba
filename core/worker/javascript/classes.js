// Which of the classes that a Worker exports stands behind a container binding.
import { DurableObject } from "./base.js";

// Return a function that gives the class of a binding once ``loaded()`` gives the Worker's module.
export function classFinder(loaded, binding, bindings) {
  let found = null;
  return () => {
    const worker = loaded();
    if (worker === null) return undefined;
    found ??= { value: classBehind(worker, binding, bindings) };
    return found.value;
  };
}

// Return the class of a binding: the one declared for it (class_name); else the one of the binding's own
// name, MyContainer for MY_CONTAINER; else the only one there is for the only binding; else undefined.
function classBehind(worker, { name, className }, bindings) {
  if (className) return worker[className];
  const exported = Object.entries(worker).filter(([key, value]) =>
    key !== "default" && typeof value === "function" && value.prototype !== undefined
  );
  const named = exported.find(([key]) => plain(key) === plain(name));
  if (named !== undefined) return named[1];
  const objects = exported.filter(([, value]) => value.prototype instanceof DurableObject);
  return bindings.length === 1 && objects.length === 1 ? objects[0][1] : undefined;
}

function plain(name) {
  return name.replaceAll(/[^a-z0-9]/gi, "").toLowerCase();
}
