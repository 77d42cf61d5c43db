//! What a resource server needs of an OpenID provider: metadata, key sets, token verification, introspection.
