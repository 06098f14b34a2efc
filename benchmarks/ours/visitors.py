"""Prints, as JSON, who looks at the pages: their session, what they ask for, and a hundred pages that stay open."""

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
    pages = [
        page | {"session": session}
        for reader in people.readers()
        for session in [people.session_of(reader)]
        for page in addresses.open_pages(reader)
    ]
    print(json.dumps({"visitors": visitors, "open": pages}))


if __name__ == "__main__":
    main()
