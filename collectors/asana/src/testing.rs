//! An Asana on a socket of its own, for the tests of the client and of whole collections.
