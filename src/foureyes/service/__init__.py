"""An HTTP service that verifies a model's responses: FastAPI routes around a guard, and a page to watch it on.

::

    running                              binds, reloads, ends; door and door_protocol bound what strangers send and hold open
       └─────── app ─── middleware       names, counts and logs every request; turns every exception into a problem
                 │       body            reads a body, once its caller is admitted
                 │       access          who calls, what they may do, how much of it (rate_limit)
                 ├────── routes          one file a subject; they translate and decide nothing
                 ├────── verification    runs the guard, and publishes its decision to feed, metrics and monitor
                 ├────── metrics         counters, and what the monitors know (gauges), for Prometheus
                 ├────── maintenance     saves tenants' state and shows ledgers to their witnesses, every half a minute
                 └────── app_state       the parts in force, and tenant_state: what is known of each tenant
                             │           tenant_records: what events (tenant_events) led to; saved by persistence
                             └── sharing the same, of several replicas: shared_tenant takes turns at one journal (event_json)
    wiring                               from a configuration to parts, and from a changed file to changed parts
    wire                                 every field of HTTP: requests and responses as pydantic models

The rule that holds throughout: what could not be verified is not safe, and no text, key or stranger's question leaves a
trace anywhere but in its own response. Needs the extra ``service``. Start at :func:`foureyes.service.app.create_app`.
"""
