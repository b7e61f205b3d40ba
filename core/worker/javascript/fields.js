// How a call says which instance, port and operation it means where only standard requests can be sent.

export const INSTANCE = "hybrid-tui-instance";
export const PORT = "hybrid-tui-port";
export const OPERATION = "hybrid-tui-operation";

// Return ``send(input, init, target)`` of a fetcher; ``target``: {instance, port, operation}, each optional.
// A fetcher that has a ``send`` of its own takes the target as it is; another gets private header fields.
export function senderOf(fetcher) {
  if (fetcher.send !== undefined) return (input, init, target) => fetcher.send(input, init, target);
  return (input, init, target) => {
    const request = new Request(input, init);
    const headers = new Headers(request.headers);
    if (target.instance) headers.set(INSTANCE, encodeURIComponent(target.instance));
    if (target.port) headers.set(PORT, String(target.port));
    if (target.operation) headers.set(OPERATION, target.operation);
    return fetcher.fetch(new Request(request, { headers }));
  };
}
