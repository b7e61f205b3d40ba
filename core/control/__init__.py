"""The door: commands in, frames and events out, over a Unix socket."""
