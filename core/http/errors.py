"""What can go wrong on the wire, told apart by how far a request had come."""


class ClientError(Exception):
    """A request that this side sent could not be carried out."""


class ConnectFailed(ClientError):
    """No connection could be made: nothing listens, or it took too long."""


class ConnectionLost(ClientError):
    """The connection broke, or the peer spoke no HTTP, before the response's headers were complete."""


class BodyLost(ClientError):
    """The connection broke in the middle of the response's body."""


class RequestBodyFailed(ClientError):
    """The request's body broke off, or was not as long as its content-length said."""


class ClientGone(Exception):
    """The visitor closed the connection while its request's body was being read."""


class CannotListen(Exception):
    """The server cannot listen on its address; the text says why, and what to do next."""


class PortTaken(CannotListen):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken by another program")
        self.port = port
