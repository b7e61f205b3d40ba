// The Worker of the shared runtime suite in JavaScript: one path a behaviour. suite.py beside it is its twin.
import { Container, getContainer, getRandom, switchPort } from "@cloudflare/containers";
import { env as moduleEnv } from "cloudflare:workers";
import data from "./lib/data.json";
import page from "./lib/page.html";
import { shout } from "./lib/shout.js";

export class Origin extends Container {
  defaultPort = 8080;
  sleepAfter = "10m";
  envVars = { SPECIAL: "from the class" };

  onStart() {
    console.log("hook: started");
  }

  onStop({ exitCode, reason }) {
    console.log(`hook: stopped ${exitCode} ${reason}`);
  }

  double(number) {
    return number * 2;
  }
}

const kept = [];

const paths = {
  "/text": () => new Response("plain"),
  "/json": (request, env) => Response.json({ greeting: env.GREETING, secret: env.TOKEN.length }),
  "/module": () => new Response(shout("imported")),
  "/data": () => Response.json([data.name, page]),
  "/module-env": () => new Response(moduleEnv.GREETING),
  "/status": () => new Response(null, { status: 204 }),
  "/cf": (request) => Response.json({ colo: request.cf?.colo, ray: request.headers.get("cf-ray") }),
  "/body": async (request) => new Response(String((await request.arrayBuffer()).byteLength)),
  "/cookies-own": () => {
    const headers = new Headers();
    headers.append("set-cookie", "x=1");
    headers.append("set-cookie", "y=2");
    return new Response("two", { headers });
  },
  "/rewritten": (request, env) => {
    const headers = new Headers(request.headers);
    headers.set("x-added", "by the Worker");
    return env.ORIGIN.fetch(new Request("http://other.example/told?by=worker", {
      method: request.method,
      headers,
      body: request.body,
    }));
  },
  "/same-with-headers": (request, env) => {
    const changed = new Request(request, { headers: { "x-only": "this" } });
    return env.ORIGIN.fetch(changed);
  },
  "/three": async (request, env) => {
    const all = await Promise.all([1, 2, 3].map((number) => env.ORIGIN.fetch(`http://c/told/${number}`)));
    return Response.json(await Promise.all(all.map(async (one) => (await one.json()).target)));
  },
  "/later": async (request, env) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return env.ORIGIN.fetch("http://c/told/later");
  },
  "/decoded": async (request, env) => new Response(await (await env.ORIGIN.fetch("http://c/gzip")).text()),
  "/changed-headers": async (request, env) => {
    const response = await env.ORIGIN.fetch("http://c/gzip");
    const changed = new Response(response.body, response);
    changed.headers.set("x-added", "yes");
    return changed;
  },
  "/followed": async (request, env) => {
    const response = await env.ORIGIN.fetch("http://c/redirect");
    return Response.json({ redirected: response.redirected, target: (await response.json()).target });
  },
  "/stream": () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          for (const part of ["one ", "two ", "three"]) controller.enqueue(new TextEncoder().encode(part));
          controller.close();
        },
      }),
    ),
  "/own-held": (request, env) => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    (async () => {
      await writer.write(encoder.encode("first"));
      await (await env.ORIGIN.fetch("http://c/held?own")).text();
      await writer.write(encoder.encode("second"));
      await writer.close();
    })();
    return new Response(readable);
  },
  "/throw": () => {
    throw new Error("a secret of the Worker");
  },
  "/reject": async () => {
    await null;
    throw new TypeError("rejected late");
  },
  "/nothing": () => undefined,
  "/no-response": () => "a string",
  "/break": () => {
    let pulled = 0;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (pulled++) throw new Error("broke while streaming");
          controller.enqueue(new TextEncoder().encode("begun"));
        },
      }),
    );
  },
  "/no-binding": (request, env) => env.MISSING.fetch(request),
  "/wait-until": (request, env, ctx) => {
    ctx.waitUntil(env.ORIGIN.fetch("http://c/noted"));
    return new Response("answered");
  },
  "/busy": () => {
    let sum = 0;
    for (let step = 0; step < 10_000_000; step++) sum += Math.sqrt(sum + 1);
    return new Response(`busy ${sum > 0}`);
  },
  "/log": (request) => {
    console.log("said", { nested: [1, 2] });
    console.error(`authorization ${request.headers.get("authorization")}`);
    return new Response("logged");
  },
  "/log-secret": (request, env) => {
    console.log(`the token is ${env.TOKEN}`);
    throw new Error(`failed with ${env.TOKEN}`);
  },
  "/many": async (request, env) => {
    let done = 0;
    try {
      for (let number = 0; number < 1000; number++) {
        await env.ORIGIN.fetch("http://c/many");
        done++;
      }
    } catch (error) {
      return Response.json({ done, error: String(error) });
    }
    return Response.json({ done });
  },
  "/same-instance": async (request, env) => {
    const ask = async (name) => await (await getContainer(env.ORIGIN, name).fetch("http://c/name")).text();
    return Response.json([await ask("anna"), await ask("anna"), await ask("bert")]);
  },
  "/secret-name": (request, env) => getContainer(env.ORIGIN, env.TOKEN).fetch("http://c/name"),
  "/random": async (request, env) => {
    const container = await getRandom(env.ORIGIN, 2);
    return new Response(String((await container.fetch("http://c/name")).status));
  },
  "/class-environment": (request, env) =>
    getContainer(env.ORIGIN, "anna").fetch("http://c/environment?SPECIAL"),
  "/method": async (request, env) => new Response(String(await getContainer(env.ORIGIN, "anna").double(21))),
  "/other-port": (request, env) =>
    getContainer(env.ORIGIN, "anna").fetch(switchPort(new Request("http://c/told"), 1)),
  "/cycle": async (request, env) => {
    const container = getContainer(env.ORIGIN, "cycled");
    await container.startAndWaitForPorts();
    const up = (await container.getState()).status;
    await container.destroy();
    return Response.json([up]);
  },
  "/exit-status": (request, env) =>
    getContainer(env.ORIGIN, "leaving").fetch(`http://c/exit${new URL(request.url).search}`),
  "/socket": (request) => {
    if (request.headers.get("upgrade") !== "websocket") return new Response("no upgrade", { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.binaryType = "arraybuffer";
    server.accept();
    server.addEventListener("message", ({ data }) => {
      if (data === "close") server.close(4001, "as asked");
      else server.send(typeof data === "string" ? `worker: ${data}` : data);
    });
    return new Response(null, { status: 101, webSocket: client });
  },
  "/socket-inside": async (request, env) => {
    const response = await env.ECHO.fetch("http://c/", { headers: { upgrade: "websocket" } });
    const socket = response.webSocket;
    socket.accept();
    const heard = new Promise((resolve) => socket.addEventListener("message", ({ data }) => resolve(data)));
    socket.send("through the Worker");
    const data = await heard;
    socket.close(1000, "done");
    return new Response(data);
  },
  "/outside": async (request) => {
    const url = new URL(request.url).searchParams.get("url");
    try {
      const response = await fetch(url);
      return new Response(`${response.status} ${await response.text()}`);
    } catch (error) {
      return new Response(`refused: ${error.message}`);
    }
  },
  "/read-file": async () => {
    const tried = {};
    const attempts = {
      node: async () => (await import("node:fs")).readFileSync("/etc/hostname", "utf8"),
      deno: async () => Deno.readTextFileSync("/etc/hostname"),
      run: async () => (await import("node:child_process")).execSync("id").toString(),
      connect: async () => {
        const net = await import("node:net");
        return await new Promise((resolve, reject) => {
          const socket = net.connect({ host: "127.0.0.1", port: Number(moduleEnv.OPEN_PORT) }, () => resolve("open"));
          socket.on("error", reject);
        });
      },
      code: async () => eval("40 + 2"),
      construct: async () => new Function("return 42")(),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      try {
        tried[name] = `got ${await attempt()}`;
      } catch (error) {
        tried[name] = `refused ${error.name}`;
      }
    }
    return Response.json(tried);
  },
  "/environment": async () => {
    const { env } = await import("node:process");
    return Response.json({ ...globalThis.process?.env, ...env });
  },
  "/loop": () => {
    for (;;) { /* for ever */ }
  },
  "/loop-later": async (request, env) => {
    await env.ORIGIN.fetch("http://c/told");
    for (;;) { /* for ever */ }
  },
  "/hog": () => {
    for (;;) kept.push(new Array(100_000).fill(kept.length));
  },
  "/hog-bytes": async () => {
    for (;;) {
      kept.push(new Uint8Array(8 * 1024 * 1024).fill(kept.length));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  },
};

export default {
  async fetch(request, env, ctx) {
    const handler = paths[new URL(request.url).pathname];
    if (handler) return handler(request, env, ctx);
    return (request.headers.get("upgrade") ? env.ECHO : env.ORIGIN).fetch(request);
  },
  async scheduled(controller) {
    console.log(`cron: ${controller.cron} ${controller.scheduledTime}`);
  },
};
