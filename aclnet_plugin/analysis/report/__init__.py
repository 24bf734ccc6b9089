"""One HTML page about a training, readable without a server or network."""
