"""The bundled reference: an MMS that keeps the connection profile, and small named faults that depart from it."""
