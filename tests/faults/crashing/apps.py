from django.apps import AppConfig


class CrashingConfig(AppConfig):
    name = "tests.faults.crashing"

    def ready(self) -> None:
        from tests.faults.crashing import places

        places.lie_in_wait()
