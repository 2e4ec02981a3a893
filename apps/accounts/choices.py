"""The roles a person can have."""

from django.db import models


class Role(models.TextChoices):
    REQUESTER = "requester", "Requester"
    ANALYST = "analyst", "Analyst"
    REVIEWER = "reviewer", "Reviewer"
    RESPONDENT = "respondent", "Vendor respondent"
    MANAGER = "manager", "Manager"
    CUSTODIAN = "custodian", "Custodian"
    AUDITOR = "auditor", "Auditor"
    INTEGRATION = "integration", "Integration"
    ADMINISTRATOR = "administrator", "Administrator"
