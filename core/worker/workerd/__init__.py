"""The workerd runtime: runs JavaScript Workers in workerd itself, where the project or the PATH has it."""
