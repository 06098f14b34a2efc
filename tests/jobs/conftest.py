"""What the tests of the platform share."""

from tests.jobs.brokers import fake_broker, forgotten_broker, no_broker, own_redis, use_broker

__all__ = ["fake_broker", "forgotten_broker", "no_broker", "own_redis", "use_broker"]
