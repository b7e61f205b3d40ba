"""The demo's Worker: the cart is answered at the edge, pages, accounts and reports by containers."""

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
        if path == "/account":
            return await self.env.ACCOUNTS.fetch(request)
        return await self.env.SHOP.fetch(request)
