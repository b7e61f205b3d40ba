"""The themes: one TOML file each, and the stylesheet. Data only; ``tui.themes`` reads it."""
