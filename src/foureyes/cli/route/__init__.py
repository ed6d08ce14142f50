"""``foureyes route``: what a route's log teaches, and what it shows. See docs/route.md."""
