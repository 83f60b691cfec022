"""Pictures: their files, the tables that hold them, and scenes that are composed of them."""
