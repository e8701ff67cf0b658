"""The commands. Each file holds a group of them; `app.py` puts them together."""
