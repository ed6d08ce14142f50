"""The guard as a service: HTTP shapes, routes, a door in front of them, and a page to watch it on.

::

    running ─── app ─── door             names, bounds, counts and logs every request; turns every exception into a problem
                 │       lean            the one place that reads a body
                 │       access          who calls, what they may do, how much of it
                 ├────── routes          one file a subject; they translate and decide nothing
                 ├────── verifying       the one place where an answer says "safe"
                 ├────── chores          what can wait until an answer is sent
                 ├────── gauges          what the monitors know, for Prometheus
                 ├────── keeping, memory what is written down of each tenant, and read again at the next start
                 └────── live, desk      the parts in force, and what is remembered of each tenant
    wiring                               from a configuration to parts, and from a changed file to changed parts
    wire                                 every field of HTTP

The rule that holds throughout: what could not be verified is not safe, and no text, key or stranger's question leaves a
trace anywhere but in its own answer. Needs the extra ``service``. Start at :func:`foureyes.service.app.create_app`.
"""
