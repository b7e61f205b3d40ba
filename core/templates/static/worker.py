"""The Worker: answers /api/* at the edge and passes the rest on to the static site."""

from datetime import datetime, timezone
from urllib.parse import urlsplit

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        if path == "/api/time":
            return Response.json({"time": datetime.now(timezone.utc).isoformat()})
        if path.startswith("/api/"):
            return Response.json({"answered_by": "worker", "path": path})
        return await self.env.SITE.fetch(request)
