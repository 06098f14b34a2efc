"""Addresses of the CRM below /api/."""

from django.urls import path

from crm import api

urlpatterns = [
    path("crm/leads", api.LeadList.as_view(), name="crm-leads"),
    path("crm/leads/<int:lead_id>", api.LeadDetail.as_view(), name="crm-lead"),
    path("crm/contacts", api.ContactList.as_view(), name="crm-contacts"),
]
