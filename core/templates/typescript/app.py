"""The Flask app: what runs in the container."""

from flask import Flask, request
from markupsafe import escape

app = Flask(__name__)


@app.get("/")
def home():
    city = escape(request.headers.get("cf-ipcity", "an unknown place"))
    return f"<h1>Hello from Flask</h1><p>You came in through the edge near {city}.</p>\n"


@app.get("/hello/<name>")
def hello(name):
    return f"Hello, {escape(name)}!\n"


@app.post("/echo")
def echo():
    return request.get_data(), 200, {"content-type": request.content_type or "application/octet-stream"}
