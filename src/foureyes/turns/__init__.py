"""Turns of conversations as they stand on the wire of a provider, and as messages of parts.

Each module knows one shape, and has one table of the kinds in it that can be read. All have the same functions, pure and
without I/O:

- ``messages(body)``: the conversation in a request;
- ``answer(response)``: the assistant's message of every answer in a response, at least one;
- ``tools(body)``: what the model was allowed to call.

The rule that holds throughout: **nothing is passed over.** A kind that a table does not list, a known kind in a form that it
should not have, and a field that holds something and that nobody reads become an :class:`~foureyes.types.OtherPart` that names it, and so
:attr:`Exchange.unread <foureyes.types.Exchange.unread>`. What is no conversation at all (no list of messages, a role that
is not known) is an :class:`~foureyes.errors.InputError` with its place.

Start at :mod:`foureyes.turns.openai_chat`; what all share is in :mod:`foureyes.turns.mapping`.
"""
