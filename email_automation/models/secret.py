"""A column that holds a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from email_automation.connecting.encryption import MARK, Secret

if TYPE_CHECKING:
    FieldBase = models.Field[Secret | str, Secret]
else:
    FieldBase = models.Field


class SecretAttribute(DeferredAttribute):
    """Whatever is assigned is a Secret from then on."""

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


class EncryptedTextField(FieldBase):
    """Text that is encrypted in the database, in dumps too. It can be looked up whether it is empty, nothing else."""

    descriptor_class = SecretAttribute
    description = "Encrypted text"
    empty_strings_allowed = True

    def __init__(self, *args: Any, **options: Any) -> None:
        defaults: dict[str, Any] = {"default": "", "blank": True, "editable": False}
        super().__init__(*args, **defaults | options)

    def get_internal_type(self) -> str:
        return "TextField"

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, Secret) or hasattr(value, "resolve_expression"):
            return value
        return Secret.stored(value) if str(value).startswith(MARK) else Secret(str(value))

    def from_db_value(self, value: str | None, *_: object) -> Secret | None:
        return None if value is None else Secret.stored(value)

    def get_prep_value(self, value: Any) -> Any:
        if value == "" or hasattr(value, "resolve_expression"):
            return value
        if isinstance(value, Secret) and not value:
            return ""
        raise FieldError(f"{self.name} is encrypted: nothing is looked up by it, except whether it is empty.")

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        value = self.to_python(value)
        return value.encrypted() if isinstance(value, Secret) else value

    def value_to_string(self, obj: models.Model) -> str:
        value: Secret = self.value_from_object(obj)
        return value.encrypted()
