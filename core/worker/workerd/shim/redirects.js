// Follows redirects of calls, as the fetch standard says: each hop is a call of its own, with a number of its own.
const LONGEST_REDIRECTION = 20;
const STATUSES = new Set([301, 302, 303, 307, 308]);
const OF_BODIES = [
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "content-location",
];
const OF_ORIGINS = ["authorization", "cookie", "proxy-authorization"];
const ONE_TIME_BODY = "A request with a one-time-use body (it was initialized from a stream, not a buffer) " +
  "encountered a redirect requiring the body to be retransmitted.";

// Send a request that wants redirects followed. ``send(request)`` makes one call; ``body`` is what can be sent
// again, undefined for a stream.
export async function follow(request, body, send) {
  for (let hop = 0; hop <= LONGEST_REDIRECTION; hop++) {
    const hasBody = request.body !== null;
    const response = await send(new Request(request, { redirect: "manual" }));
    const location = STATUSES.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return hop > 0 ? asRedirected(response) : response;
    if (request.redirect === "error") throw new TypeError(`Redirected to ${location}, which is not allowed.`);
    await response.body?.cancel();
    request = next(request, response.status, new URL(location, request.url), hasBody, body);
  }
  throw new TypeError("Too many redirects.");
}

function next({ url, method, headers, redirect, signal }, status, target, hasBody, body) {
  const kept = new Headers(headers);
  kept.delete("host");
  if (new URL(url).origin !== target.origin) OF_ORIGINS.forEach((name) => kept.delete(name));
  const becomesGet = status === 303 ? method !== "HEAD" : status < 303 && method === "POST";
  if (becomesGet) {
    OF_BODIES.forEach((name) => kept.delete(name));
    return new Request(target, { method: "GET", headers: kept, redirect, signal });
  }
  if (hasBody && body === undefined) throw new TypeError(ONE_TIME_BODY);
  return new Request(target, { method, headers: kept, body: hasBody ? body : null, redirect, signal });
}

function asRedirected(response) {
  return Object.defineProperty(response, "redirected", { value: true });
}
