"""The executable conformance suite: may this microgrid management system be connected?"""
