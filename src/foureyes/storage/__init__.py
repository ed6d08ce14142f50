"""Files on object stores: ``s3://``, ``gs://`` and the Hugging Face hub's ``hf://``, through fsspec.

The rules that hold throughout: nothing is loaded before an address is met; an object appears whole or not at all; what a store
refuses is an :class:`~foureyes.errors.InputError` that names the address and says why in our words, so that no key, no signed address and no
token of a foreign message is ever in ours. Credentials come from where each store's own tools look for them, and never from an address.

Start at :class:`~foureyes.storage.store.ObjectStore`; which texts are addresses is told by :mod:`~foureyes.storage.addresses`.
"""
