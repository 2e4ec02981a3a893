from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "apps.findings"
    label = "findings"

    def ready(self) -> None:
        # Models exist only now.
        from apps.findings.vendor_figures import FindingFigures
        from apps.vendors import figures

        figures.register(FindingFigures())
