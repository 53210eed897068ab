// `Box`, `JSON`, `Timestamp` and the other values of the wire come with the client: one import is enough.
@_exported import BoxModel
