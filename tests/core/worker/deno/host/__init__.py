"""The isolate's end of the link, with real Deno."""
