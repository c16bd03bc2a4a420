"""Bytes of the wire, built and read without touching a network: TLS hellos, frames, problem documents."""
