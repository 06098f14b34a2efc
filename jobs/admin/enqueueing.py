"""Enqueueing a job by hand: a form made of its task's signature."""

from __future__ import annotations

import enum
import inspect
import json
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import access, registry, services
from jobs.access import Verb
from jobs.admin.fields import JsonField
from jobs.admin.page import may_enqueue, of_jobs, shown
from jobs.errors import Refused
from jobs.models.grant import User
from jobs.registry import TaskSpec

ARGUMENT = "arg_"
OPTIONS = ("delay", "priority", "key", "owner_id")
FOREIGN = {"job_id": "key", "run_at": "delay"}  # fields of the platform that are named otherwise here


class EnqueueForm(forms.Form):
    """A field for each argument, named with a prefix so that none is taken for an option; then the options."""

    delay = forms.FloatField(label="Delay", min_value=0, required=False, help_text="Seconds to wait at least.")
    priority = forms.IntegerField(label="Priority", min_value=0, max_value=9, initial=5, help_text="0 runs first.")
    key = forms.CharField(
        label="Own id", max_length=200, required=False, help_text="One seen before adds no second job."
    )
    owner_id = forms.IntegerField(label="Owner", min_value=0, required=False, help_text="A user's number: who sees it.")

    def __init__(self, spec: TaskSpec, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec
        hints = spec.parameters.hints
        taken = [
            one for one in spec.signature.parameters.values() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        ]
        made = {f"{ARGUMENT}{one.name}": _field(one, hints.get(one.name, Any)) for one in taken}
        self.fields = made | self.fields

    def arguments(self) -> dict[str, Any]:
        """What was filled in, by name; what was left empty and has a default keeps it."""
        given = {}
        for name, parameter in self.spec.signature.parameters.items():
            value = self.cleaned_data.get(f"{ARGUMENT}{name}")
            if value in (None, "") and parameter.default is not parameter.empty:
                continue
            if f"{ARGUMENT}{name}" in self.fields:
                given[name] = value
        return given

    def options(self) -> dict[str, Any]:
        found = {name: self.cleaned_data[name] for name in OPTIONS}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def refuse(self, error: Refused) -> None:
        """Say it at the field that it names, else above."""
        name = (error.field or "").split(".")[0]
        for candidate in (f"{ARGUMENT}{name}", FOREIGN.get(name, name)):
            if candidate in self.fields:
                self.add_error(candidate, str(error))
                return
        self.add_error(None, str(error))


@of_jobs
def enqueue_page(request: HttpRequest) -> HttpResponse:
    """Choose a task, fill in its arguments, enqueue."""
    if not may_enqueue(request.user):
        raise PermissionDenied
    name = request.GET.get("task", "")
    if not name:
        return shown(request, "enqueue", "Enqueue a job", tasks=_offered(request.user))
    spec = registry.find(name) if name in _allowed(request.user) else None
    if spec is None:
        raise Http404
    form = EnqueueForm(spec, request.POST or None)
    if request.method == "POST" and form.is_valid():
        arguments, options = form.arguments(), form.options()
        if not access.may_enqueue(request.user, spec.name, arguments, options.get("owner_id")):
            raise PermissionDenied
        if not access.may(request.user, Verb.ENQUEUE, spec):
            options["owner_id"] = request.user.pk  # who has no role there must find again what they made
        try:
            by = request.user.get_username()
            job = services.enqueue_by_hand(spec.name, arguments, by=by, **options)
        except Refused as error:
            form.refuse(error)
        else:
            messages.success(request, f"Enqueued {spec.name}.")
            return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job.pk]))
    told = inspect.getdoc(spec.function) or ""
    return shown(
        request, "enqueue", f"Enqueue {spec.name}", form=form, spec=spec, told=told, tasks=_offered(request.user)
    )


def _allowed(user: User) -> list[str]:
    """Every task for who may enqueue for themselves; else those of queues that they operate."""
    return registry.names() if user.has_perm(access.MAY_ENQUEUE) else access.tasks(user, Verb.ENQUEUE)


def _offered(user: User) -> list[TaskSpec]:
    return [spec for name in _allowed(user) if (spec := registry.find(name))]


def _field(parameter: inspect.Parameter, hint: Any) -> forms.Field:
    default = None if parameter.default is parameter.empty else parameter.default
    kind = _kind(hint)
    common: dict[str, Any] = {
        "label": parameter.name,
        "required": parameter.default is parameter.empty and kind is not bool,
        "help_text": _help(parameter, hint),
    }
    if choices := _choices(kind):
        return forms.TypedChoiceField(
            choices=choices if common["required"] else [("", "---------"), *choices],
            coerce=lambda text: dict(_values(kind))[text],
            empty_value=None,
            initial=str(default) if default is not None else None,
            **common,
        )
    if kind in SIMPLE:
        field: forms.Field = SIMPLE[kind](initial=default, **common)
        field.widget.attrs.setdefault("class", "vTextField" if kind is str else "")
        return field
    return JsonField(initial=default, **common)


SIMPLE: Mapping[Any, type[forms.Field]] = {
    str: forms.CharField,
    int: forms.IntegerField,
    float: forms.FloatField,
    bool: forms.BooleanField,
}


def _kind(hint: Any) -> Any:
    """The type itself of one that may also be None."""
    if get_origin(hint) in (Union, types.UnionType):
        others = [one for one in get_args(hint) if one is not type(None)]
        return others[0] if len(others) == 1 else hint
    return hint


def _values(kind: Any) -> list[tuple[str, Any]]:
    if get_origin(kind) is Literal:
        return [(str(value), value) for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [(str(member.value), member.value) for member in kind]
    return []


def _choices(kind: Any) -> list[tuple[str, str]]:
    return [(text, text) for text, _ in _values(kind)]


def _help(parameter: inspect.Parameter, hint: Any) -> str:
    kind = inspect.formatannotation(hint) if hint is not Any else "any JSON"
    if parameter.default is parameter.empty:
        return kind
    try:
        default = json.dumps(parameter.default, ensure_ascii=False)
    except (TypeError, ValueError):
        default = str(parameter.default)
    return f"{kind}; {default} if left out"
