"""What the tests of the platform share."""

from hypothesis import settings

from tests.jobs.brokers import fake_broker, forgotten_broker, no_broker, own_redis, use_broker

__all__ = ["fake_broker", "forgotten_broker", "no_broker", "own_redis", "use_broker"]

settings.register_profile("long")  # asked for by name: the ledger's machine walks far and at random
