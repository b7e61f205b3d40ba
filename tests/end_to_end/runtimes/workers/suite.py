"""The Worker of the shared runtime suite in Python: one path a behaviour. suite.js beside it is its twin."""

import asyncio
import math
from urllib.parse import parse_qs, urlsplit

from containers import Container, get_container, get_random, switch_port
from shouting import shout
from workers import Headers, Request, Response, WorkerEntrypoint, fetch

kept = []


class Origin(Container):
    default_port = 8080
    sleep_after = "10m"
    env_vars = {"SPECIAL": "from the class"}

    async def on_start(self):
        print("hook: started")

    async def on_stop(self, stop):
        print(f"hook: stopped {stop['exit_code']} {stop['reason']}")

    async def double(self, number):
        return number * 2


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        handler = getattr(self, "on_" + path[1:].replace("-", "_"), None)
        if handler is not None:
            return await handler(request)
        binding = self.env.ECHO if request.headers.get("upgrade") else self.env.ORIGIN
        return await binding.fetch(request)

    async def scheduled(self, controller):
        print(f"cron: {controller.cron} {controller.scheduled_time}")

    async def on_text(self, request):
        return Response("plain")

    async def on_json(self, request):
        return Response.json({"greeting": self.env.GREETING, "secret": len(self.env.TOKEN)})

    async def on_module(self, request):
        return Response(shout("imported"))

    async def on_status(self, request):
        return Response(None, status=204)

    async def on_body(self, request):
        return Response(str(len(await request.bytes())))

    async def on_cookies_own(self, request):
        headers = Headers()
        headers.append("set-cookie", "x=1")
        headers.append("set-cookie", "y=2")
        return Response("two", headers=headers)

    async def on_rewritten(self, request):
        headers = Headers(request.headers)
        headers.set("x-added", "by the Worker")
        made = Request(
            "http://other.example/told?by=worker", method=request.method, headers=headers, body=request.body
        )
        return await self.env.ORIGIN.fetch(made)

    async def on_same_with_headers(self, request):
        return await self.env.ORIGIN.fetch(Request(request, headers={"x-only": "this"}))

    async def on_three(self, request):
        answers = [self.env.ORIGIN.fetch(f"http://c/told/{number}") for number in (1, 2, 3)]
        return Response.json([(await one.json())["target"] for one in await asyncio.gather(*answers)])

    async def on_later(self, request):
        await asyncio.sleep(0.001)
        return await self.env.ORIGIN.fetch("http://c/told/later")

    async def on_changed_headers(self, request):
        response = await self.env.ORIGIN.fetch("http://c/gzip")
        changed = Response(response.body, headers=response.headers)
        changed.headers.set("x-added", "yes")
        return changed

    async def on_followed(self, request):
        response = await self.env.ORIGIN.fetch("http://c/redirect")
        return Response.json({"target": (await response.json())["target"]})

    async def on_stream(self, request):
        async def parts():
            for part in ("one ", "two ", "three"):
                yield part

        return Response(parts())

    async def on_own_held(self, request):
        async def parts():
            yield "first"
            await (await self.env.ORIGIN.fetch("http://c/held?own")).text()
            yield "second"

        return Response(parts())

    async def on_throw(self, request):
        raise ValueError("a secret of the Worker")

    async def on_reject(self, request):
        await asyncio.sleep(0)
        raise TypeError("rejected late")

    async def on_nothing(self, request):
        return None

    async def on_no_response(self, request):
        return "a string"

    async def on_break(self, request):
        async def parts():
            yield "begun"
            raise ValueError("broke while streaming")

        return Response(parts())

    async def on_no_binding(self, request):
        return await self.env.MISSING.fetch(request)

    async def on_wait_until(self, request):
        self.ctx.wait_until(self.env.ORIGIN.fetch("http://c/noted"))
        return Response("answered")

    async def on_busy(self, request):
        total = 0.0
        for _ in range(500_000):
            total += math.sqrt(total + 1)
        return Response(f"busy {str(total > 0).lower()}")

    async def on_log(self, request):
        print("said", {"nested": [1, 2]})
        print(f"authorization {request.headers.get('authorization')}")
        return Response("logged")

    async def on_log_secret(self, request):
        print(f"the token is {self.env.TOKEN}")
        raise ValueError(f"failed with {self.env.TOKEN}")

    async def on_many(self, request):
        done = 0
        try:
            for _ in range(1000):
                await self.env.ORIGIN.fetch("http://c/many")
                done += 1
        except Exception as error:
            return Response.json({"done": done, "error": str(error)})
        return Response.json({"done": done})

    async def on_same_instance(self, request):
        async def ask(name):
            return await (await get_container(self.env.ORIGIN, name).fetch("http://c/name")).text()

        return Response.json([await ask("anna"), await ask("anna"), await ask("bert")])

    async def on_secret_name(self, request):
        return await get_container(self.env.ORIGIN, self.env.TOKEN).fetch("http://c/name")

    async def on_random(self, request):
        container = await get_random(self.env.ORIGIN, 2)
        return Response(str((await container.fetch("http://c/name")).status))

    async def on_class_environment(self, request):
        return await get_container(self.env.ORIGIN, "anna").fetch("http://c/environment?SPECIAL")

    async def on_method(self, request):
        return Response(str(await get_container(self.env.ORIGIN, "anna").double(21)))

    async def on_other_port(self, request):
        told = switch_port(Request("http://c/told"), 1)
        return await get_container(self.env.ORIGIN, "anna").fetch(told)

    async def on_cycle(self, request):
        container = get_container(self.env.ORIGIN, "cycled")
        await container.start_and_wait_for_ports()
        state = await container.get_state()
        await container.destroy()
        return Response.json([state["status"]])

    async def on_exit_status(self, request):
        query = urlsplit(request.url).query
        return await get_container(self.env.ORIGIN, "leaving").fetch(f"http://c/exit?{query}")

    async def on_outside(self, request):
        url = parse_qs(urlsplit(request.url).query)["url"][0]
        try:
            response = await fetch(url)
            return Response(f"{response.status} {await response.text()}")
        except Exception as error:
            return Response(f"refused: {error}")

    async def on_loop(self, request):
        while True:
            pass

    async def on_loop_later(self, request):
        await self.env.ORIGIN.fetch("http://c/told")
        while True:
            pass

    async def on_hog(self, request):
        while True:
            kept.append([len(kept)] * 100_000)

    async def on_hog_bytes(self, request):
        while True:
            kept.append(bytes([len(kept) % 255 + 1]) * (8 * 1024 * 1024))
            await asyncio.sleep(0)
