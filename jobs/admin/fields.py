"""Fields of forms that several pages have."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput


class JsonField(forms.JSONField):
    """What cannot be read or stored is refused at the field, and stands there as it was typed."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"})

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            _check(found)
        except RecursionError:
            raise forms.ValidationError("This is nested too deep.", code="deep") from None
        except UnicodeEncodeError:
            raise forms.ValidationError("This holds half a surrogate pair.", code="surrogate") from None
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            found = super().bound_data(data, initial)
            _check(found)
        except (RecursionError, UnicodeEncodeError):
            return InvalidJSONInput(data)
        return found

    def prepare_value(self, value: Any) -> Any:
        """Nothing, where there is nothing: not "null"."""
        return "" if value is None else super().prepare_value(value)


def _check(value: Any) -> None:
    json.dumps(value, ensure_ascii=False).encode()
