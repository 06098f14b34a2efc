"""What the pages take for granted: somebody's lead, and the client of somebody else's API."""

from dataclasses import dataclass, field

from crm import services
from crm.models import Lead


@dataclass(frozen=True)
class Credit:
    status: int = 200
    rating: str = "A"
    retry_after: float = 0


@dataclass
class Billing:
    """Keeps what it is given. `lose_answers`: so many invoices are made without anybody being told."""

    invoices: dict[str, str] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    lose_answers: int = 0

    def credit(self, company: str, timeout: float) -> Credit:
        return Credit()

    def put_customer(self, identifier: str, name: str, timeout: float) -> None:
        self.customers[identifier] = name

    def create_invoice(self, reference: str, cents: int, timeout: float) -> str:
        assert reference not in self.invoices, "the same invoice twice"
        self.invoices[reference] = f"INV-{len(self.invoices) + 1}"
        if self.lose_answers:
            self.lose_answers -= 1
            raise TimeoutError
        return self.invoices[reference]

    def find_invoice(self, reference: str, timeout: float) -> str | None:
        return self.invoices.get(reference)


def make_lead(user_id: int) -> Lead:
    """A lead with a company."""
    lead = services.upsert_lead({"user_id": user_id, "email": "joan@acme.test", "name": "Joan", "company": "Acme"}).lead
    assert lead is not None
    return lead
