"""One guard of the platform, and the tests that must miss it."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Guard:
    """`old` stands exactly once in the file; `new` is the same without the guard."""

    says: str
    path: str
    old: str
    new: str
    tests: str  # of tests/jobs, without .py; several with a blank between
    database: str = "sqlite"

    @property
    def test_files(self) -> list[str]:
        return [f"tests/jobs/{name}.py" for name in self.tests.split()]

    def without(self) -> str:
        """The file's text with the guard taken out. Raises ValueError where the text is not there once."""
        text = (ROOT / self.path).read_text()
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.path} has {self.old!r} {text.count(self.old)} times: name the guard {self.says!r} anew"
            )
        return text.replace(self.old, self.new)
