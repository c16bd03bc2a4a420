"""Reads, checks and explains the standards people's desk: criteria, vectors, profiles, editions, endpoint files."""
