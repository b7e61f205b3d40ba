// Which instance and which port: the helpers of "@cloudflare/containers".

const SINGLETON = "cf-singleton-container";

export function getContainer(binding, name = SINGLETON) {
  return binding.get(binding.idFromName(name));
}

export async function getRandom(binding, instances = 3) {
  const number = Math.floor(Math.random() * instances);
  return await binding.get(binding.idFromName(`instance-${number}`));
}

export async function loadBalance(binding, instances = 3) {
  console.warn(
    "loadBalance is deprecated, please use getRandom instead. This will be removed in a future version.",
  );
  return await getRandom(binding, instances);
}

// Return the request with the port it is meant for, to be given to a container's fetch.
export function switchPort(request, port) {
  const headers = new Headers(request.headers);
  headers.set("cf-container-target-port", port.toString());
  return new Request(request, { headers });
}
