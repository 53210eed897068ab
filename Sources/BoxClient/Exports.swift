// Exports `Box`, `JSON`, `Timestamp` and the other values of the API, so that one import is enough.
@_exported import BoxModel
