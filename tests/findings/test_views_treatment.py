"""The forms of a finding's page: who is offered what, what is refused and shown, two people."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.access.models import Enters
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.findings.models import Acceptance, Finding, FindingState
from apps.findings.services.treatment import comment_finding
from tests.access.story import Story
from tests.conftest import ClientFor, Person
from tests.factories.findings import AcceptanceFactory, EvidenceFactory, FindingFactory
from tests.findings.test_acceptances import in_force, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def finding() -> Finding:
    return FindingFactory.create()


def post(client_for: ClientFor, user: User, name: str, *args: object, **typed: str) -> Any:
    return client_for(user).post(reverse(f"findings:{name}", args=args), typed, follow=True)


def page(client_for: ClientFor, user: User, finding: Finding) -> str:
    answer = client_for(user).get(reverse("findings:finding-detail", args=[finding.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_fix_is_planned_and_claimed_and_the_page_tells_it(
    client_for: ClientFor, bob: User, finding: Finding
) -> None:
    assert "Nobody has planned a fix yet." in page(client_for, bob, finding)
    words = "They end <b>it</b> on Friday."
    answer = post(client_for, bob, "finding-treat", finding.pk, "plan", **{"plan-note": words})
    told = answer.content.decode()
    assert answer.redirect_chain[0][0] == f"/findings/{finding.pk}/"
    assert "They end &lt;b&gt;it&lt;/b&gt; on Friday." in told
    assert "Step 2 of 5: <b>Planned</b>" in told
    answer = post(client_for, bob, "finding-treat", finding.pk, "claim", **{"claim-note": "Done."})
    assert "Step 3 of 5: <b>Fix claimed</b>" in answer.content.decode()
    assert "Close it" not in answer.content.decode()


def test_what_was_typed_is_kept_when_it_is_refused(
    client_for: ClientFor, bob: User, finding: Finding
) -> None:
    answer = post(
        client_for,
        bob,
        "acceptance-propose",
        finding.pk,
        **{"accept-reason": "Typed with care.", "accept-ends_on": "2020-01-01"},
    )
    told = answer.content.decode()
    assert answer.status_code == 422
    assert "Typed with care." in told
    assert "Choose a day that is still to come." in told
    assert not Acceptance.objects.exists()


def test_a_move_that_there_is_not_any_more_is_said(
    client_for: ClientFor, bob: User, finding: Finding
) -> None:
    answer = post(client_for, bob, "finding-treat", finding.pk, "close", **{"close-note": "Done."})
    assert answer.status_code == 409
    assert "the facts still give it" in answer.content.decode()
    for move in ("verify", "recur", "other"):
        assert post(client_for, bob, "finding-treat", finding.pk, move).status_code == 404


def test_owner_due_date_and_comment_are_set(
    client_for: ClientFor, bob: User, rita: User, finding: Finding
) -> None:
    post(client_for, bob, "finding-assign", finding.pk, **{"owner-owner": str(rita.pk)})
    due = {"due-due_on": today().isoformat(), "due-reason": "At once."}
    post(client_for, bob, "finding-due", finding.pk, **due)
    told = post(
        client_for, bob, "finding-comment", finding.pk, **{"comment-text": "Asked them."}
    ).content.decode()
    finding.refresh_from_db()
    assert (finding.owner, finding.due_on) == (rita, today())
    for words in ("Given to Rita", "At once.", "Asked them."):
        assert words in told
    post(client_for, bob, "finding-assign", finding.pk, **{"owner-owner": "nobody"})
    finding.refresh_from_db()
    assert finding.owner is None


def test_two_people_accept_a_risk_in_the_browser(
    client_for: ClientFor, bob: User, mona: User, finding: Finding
) -> None:
    ends = today().replace(year=today().year + 1, month=1, day=5)
    typed = {"accept-reason": "The pilot ends.", "accept-ends_on": ends.isoformat()}
    post(client_for, bob, "acceptance-propose", finding.pk, **typed)
    acceptance = Acceptance.objects.get()
    assert "Take up the review" not in page(client_for, bob, finding)
    assert "Take up the review" in page(client_for, mona, finding)
    post(client_for, mona, "acceptance-decide", acceptance.pk, "take_up")
    answer = post(
        client_for, mona, "acceptance-decide", acceptance.pk, "approve", **{"approve-note": "Yes."}
    )
    assert "Accepted until" in answer.content.decode()
    assert page(client_for, bob, finding).count("Accepted until") == 2
    revoked = post(
        client_for, mona, "acceptance-decide", acceptance.pk, "revoke", **{"revoke-note": "No."}
    )
    assert "Accepted until" not in revoked.content.decode()


def test_deciding_about_ones_own_is_forbidden(client_for: ClientFor, mona: User) -> None:
    own = AcceptanceFactory.create(proposed_by=mona, standing="under_review")
    assert "Withdraw" in page(client_for, mona, own.finding)
    assert ">Approve<" not in page(client_for, mona, own.finding)
    typed = {"approve-note": "Yes."}
    answer = post(client_for, mona, "acceptance-decide", own.pk, "approve", **typed)
    assert answer.status_code == 403
    own.refresh_from_db()
    assert own.standing == "under_review"
    for step in ("activate", "expire", "other"):
        assert post(client_for, mona, "acceptance-decide", own.pk, step).status_code == 404


def test_an_acceptance_that_has_run_out_shows_as_expired_before_any_sweep(
    client_for: ClientFor, bob: User
) -> None:
    over = in_force(ends_on=today().replace(year=today().year - 1, month=1, day=5))
    told = page(client_for, bob, over.finding)
    assert told.count("Acceptance expired") == 2
    assert "Propose an acceptance" in told
    assert "Revoke" not in told


def test_who_only_reads_is_offered_nothing(
    client_for: ClientFor, otto: User, finding: Finding
) -> None:
    in_force(finding=finding)
    EvidenceFactory.create(finding=finding)
    told = page(client_for, otto, finding)
    main = told[told.index("<main") : told.index("</main>")]
    assert "<form" not in main
    assert "note.txt" in main


def test_what_is_closed_is_not_assigned_and_a_verified_one_is_signed_off(
    client_for: ClientFor, bob: User
) -> None:
    verified = FindingFactory.create(
        state=FindingState.CLOSED, stage="verified", closed_at=timezone.now()
    )
    told = page(client_for, bob, verified)
    assert "Close it" in told
    assert "Change owner" not in told
    assert "Propose an acceptance" not in told
    post(client_for, bob, "finding-treat", verified.pk, "close", **{"close-note": "Seen."})
    verified.refresh_from_db()
    assert verified.stage == "closed"


def test_a_reopened_one_says_so(client_for: ClientFor, bob: User) -> None:
    assert "Reopened" in page(client_for, bob, FindingFactory.create(times_opened=2))


def test_a_longer_history_takes_no_more_queries(
    client_for: ClientFor, bob: User, rita: User, finding: Finding
) -> None:
    client = client_for(bob)
    address = reverse("findings:finding-detail", args=[finding.pk])

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    def happen() -> None:
        comment_finding(actor=rita, finding=finding, text="Again.")
        EvidenceFactory.create(finding=finding, content=str(timezone.now()).encode())
        AcceptanceFactory.create(
            finding=finding, standing="declined", ended_at=timezone.now(), ended_by=rita
        )

    happen()
    count()
    few = count()
    for _ in range(10):
        happen()
    assert count() == few


def test_each_hop_leads_to_its_fact_for_who_may_open_it(
    client_for: ClientFor, bob: User, person: Person, story: Story
) -> None:
    finding = story.finding("RT-01", story.laptops)
    entry = Enters.objects.get(environment__key="ng-lab")
    address = reverse("access:fact-detail", kwargs={"kind": "enters", "pk": entry.pk})
    assert address in page(client_for, bob, finding)
    assert client_for(bob).get(address).status_code == 200
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    assert "/facts/" not in page(client_for, scoped, finding).partition("<main")[2]
