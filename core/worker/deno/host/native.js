// What the host needs of Deno and of the language, kept before any user's code can change it.
import process from "node:process";

const { Deno } = globalThis;
const internal = Deno[Deno.internal];

export const NativeResponse = globalThis.Response;
export const NativeHeaders = globalThis.Headers;
export const nativeFetch = globalThis.fetch;
export const nativeSetTimeout = globalThis.setTimeout;
export const nativeSetInterval = globalThis.setInterval;
export const nativeSetImmediate = globalThis.setImmediate;
export const connect = Deno.connect;
export const permissions = Deno.permissions;
export const exit = Deno.exit;
export const memoryUsage = Deno.memoryUsage;
export const inspect = Deno.inspect;
export const Console = internal.Console;
export const nextTick = process.nextTick.bind(process);
export const warn = console.error.bind(console);

const cpuUsage = process.cpuUsage.bind(process);

// Return the CPU time that this process has used, in microseconds (thread times come in steps of 10 ms here).
export function cpuMicroseconds() {
  const used = cpuUsage();
  return used.user + used.system;
}

export const encoder = new TextEncoder();
export const decoder = new TextDecoder();
