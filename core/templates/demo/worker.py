"""The demo's Worker: the cart is answered at the edge, pages and reports by containers in regions."""

from urllib.parse import urlsplit

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        if path == "/api/checkout":
            return Response.json({"order": "accepted"}, status=201)
        if path.startswith("/api/"):
            return Response.json({"answered_by": "worker", "path": path})
        if path.startswith("/reports/"):
            return await self.env.REPORTS.fetch(request)
        return await self.env.SHOP.fetch(request)
