"""The isolate's end of the link in Deno: JavaScript modules, loaded by Deno and by nothing else."""
