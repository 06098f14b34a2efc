"""Prints, as JSON, who looks at the pages: their session, and the addresses that they ask for."""

import json
from dataclasses import asdict

import django


def main() -> None:
    django.setup()

    from benchmarks import addresses, people

    visitors = {
        name: {
            "session": people.session_of(user),
            "addresses": [asdict(address) for address in addresses.of_everything(user)],
        }
        for name, user in people.people().items()
    }
    print(json.dumps(visitors))


if __name__ == "__main__":
    main()
