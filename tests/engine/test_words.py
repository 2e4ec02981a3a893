"""What findings say: every rule has words, and no sentence is left half done."""

from hypothesis import given
from hypothesis import strategies as st

from apps.engine.analysis import analyse
from apps.engine.catalogue import CONTROLS, RULES
from apps.engine.values import Certainty, Hop, Unknown, Witness
from apps.engine.words import fix, gate, hop_in_words, missing, question
from tests.engine.graphs import NOW, random_graph
from tests.examples import examples


@examples(10)
@given(seed=st.integers(0, 2**32))
def test_every_finding_says_what_is_missing_and_what_to_change(seed: int) -> None:
    for finding in analyse(random_graph(seed, 12), NOW).findings():
        control = RULES[finding.rule].controls[0]
        assert finding.missing.startswith(f"{control} {CONTROLS[control]}: ")
        assert finding.missing[-1] in ".?"
        assert finding.fix.endswith(".")
        assert finding.fix[0].isupper()
        assert any(key in finding.missing for key in finding.subject.values())


def test_a_possible_finding_is_settled_by_an_answer_first() -> None:
    unknown = Unknown("environment:lab", "internet_egress")
    subject = {"environment": "lab", "deployment": "d"}
    wire = (Hop("internet_egress", "environment:lab", "internet"),)
    text = fix("RT-02", subject, Witness(wire=wire), Certainty.POSSIBLE, (unknown,))
    assert text.startswith("State it: may lab reach the internet?")


def test_an_unknown_connection_is_asked_about_by_both_ends() -> None:
    asked = question(Unknown("connects:internet:gate", "enforces_allowlist"))
    assert asked == "does the connection from internet to gate enforce the allowlist"


def test_the_gate_belongs_where_a_wire_comes_from_the_internet() -> None:
    outward = Hop("internet_egress", "environment:lab", "internet")
    inward = Hop("connects", "internet", "environment:gate")
    onward = Hop("connects", "environment:gate", "environment:host")
    assert gate(Witness(wire=(outward, inward, onward))) == inward
    assert gate(Witness(wire=(onward,))) == onward
    assert gate(Witness()) is None


def test_hops_read_as_clauses() -> None:
    member = Hop("member_of", "identity:ann", "identity:ops")
    assert hop_in_words(member) == "ann is a member of ops"


def test_a_key_that_reads_like_an_end_is_named_in_the_right_order() -> None:
    subject = {"environment": "lab", "credential": "key"}
    held = Hop("holds", "environment:lab", "credential:key")
    text = fix("RT-06", subject, Witness(credential=(held,)), Certainty.PROVEN, ())
    assert text == "Remove key from lab and revoke it."
    assert "lab holds key" in missing("RT-06", subject, Witness(credential=(held,)), ())
