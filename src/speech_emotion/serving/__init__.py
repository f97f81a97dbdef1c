"""The server: tone, and words with tone, over HTTP and WebSocket. It holds no logic of its own: what hears is below."""
