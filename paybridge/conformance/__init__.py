"""The conformance kit: puts a rail on trial against its real peer, here and in packages of others."""
