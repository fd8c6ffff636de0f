"""The protocols of models, and the connections that speak them.

Each protocol is a module with `body_of`, which makes a request of ours into its fields, and a `Reader` of the answer,
streamed or whole: both are pure. `rfsn.models.wire.http` sends and receives with the official packages.
"""
