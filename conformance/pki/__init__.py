"""The laboratory's public key infrastructure: its CAs, its revocation lists, and the client credentials of vectors."""
