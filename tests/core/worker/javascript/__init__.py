"""The modules that JavaScript Workers share, with real Deno."""
