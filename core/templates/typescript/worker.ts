// The Worker: answers /api/* at the edge and passes the rest on to the Flask app in its container.
import { Container, getContainer } from "@cloudflare/containers";

interface Env {
  APP: DurableObjectNamespace<App>;
}

export class App extends Container {
  defaultPort = 8080;
  sleepAfter = "10m";
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const path = new URL(request.url).pathname;
    if (path === "/api/time") {
      return Response.json({ time: new Date().toISOString() });
    }
    if (path.startsWith("/api/")) {
      return Response.json({ answered_by: "worker", path });
    }
    // Each name has an instance of its own; this one is for everybody.
    return await getContainer(env.APP, "main").fetch(request);
  },
};
