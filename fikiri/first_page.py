"""Where somebody lands who names no page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def first_page(request: HttpRequest) -> HttpResponse:
    """The admin, which asks for a login; for who is logged in and no staff, their own place."""
    is_owner = request.user.is_authenticated and not request.user.is_staff
    return redirect("mine" if is_owner else "admin:index")
