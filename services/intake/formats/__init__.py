"""Foreign formats: bytes in, canonical values out; one module a format, none of them does I/O."""
