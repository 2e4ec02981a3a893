"""What a finding says to a reader: the control that is missing, and what to change.

Facts go by their keys; pages put names and links beside them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from apps.engine.catalogue import CONTROLS, RULES
from apps.engine.values import INTERNET, Certainty, Hop, Unknown, Witness

Subject = Mapping[str, str]

_QUESTIONS = {
    "internet_egress": "may {0} reach the internet",
    "internet_exposed": "does {0} answer from the internet",
    "managed_endpoints": "are the devices of {0} managed",
    "enforces_allowlist": "does the connection from {0} to {1} enforce the allowlist",
    "mfa": "does {0} sign in with a second factor",
    "logging": "how does {0} log",
    "log_names_identity": "does the log of {0} name who called",
}


@cache
def question(unknown: Unknown) -> str:
    """The unknown as the question that settles it, without a question mark."""
    return _QUESTIONS[unknown.field].format(*unknown.fact.split(":")[1:])


def key(name: str) -> str:
    """``kind:key`` without its kind."""
    return name.partition(":")[2] or name


def hop_in_words(hop: Hop) -> str:
    """One fact as a clause."""
    origin, target = key(hop.from_), key(hop.to)
    match hop.relation:
        case "internet_egress":
            return f"{origin} reaches the internet"
        case "internet_exposed":
            return f"{target} answers from the internet"
        case "member_of":
            return f"{origin} is a member of {target}"
        case "grants":
            return f"{target} accepts {origin}"
        case "jumps":
            return f"a session in {origin} gives one in {target}"
        case "connects":
            return f"{origin} connects to {target}"
    return f"{origin} {hop.relation} {target}"


def missing(rule: str, subject: Subject, witness: Witness, rests_on: Sequence[Unknown]) -> str:
    """The control that is missing and where; for a possible finding also what nobody stated."""
    controls = RULES[rule].controls
    control = f"{controls[0]} {CONTROLS[controls[0]]}: " if controls else ""
    sentence = f"{control}{_WHAT[rule](subject, witness)}."
    if rests_on:
        questions = "; ".join(question(unknown) for unknown in rests_on)
        sentence += f" Nobody has stated: {questions}?"
    return sentence


def fix(
    rule: str,
    subject: Subject,
    witness: Witness,
    certainty: Certainty,
    rests_on: Sequence[Unknown],
) -> str:
    """What to change, in words. A possible finding is settled by stating what it rests on."""
    change = _FIX[rule](subject, witness)
    if certainty is Certainty.PROVEN or not rests_on:
        return f"{change}."
    return f"State it: {question(rests_on[0])}? If the answer does not settle it: {change}."


# --- what is missing -----------------------------------------------------------------------------


def _unapproved(s: Subject, _: Witness) -> str:
    return f"no live entry admits {s['environment']} to {s['deployment']}"


def _ungated(s: Subject, w: Witness) -> str:
    if not w.wire:
        return f"{s['environment']} acts inside the environment that hosts {s['deployment']}"
    return f"no connection on the way to {s['deployment']} checks where a call comes from"


_WHAT: dict[str, Callable[[Subject, Witness], str]] = {
    "RT-01": _unapproved,
    "RT-02": _ungated,
    "RT-03": lambda s, _: (
        f"{s['environment']} has another purpose than {s['deployment']}, and reaches it"
    ),
    "RT-04": lambda s, _: (
        f"{s['credential']} opens {s['deployment']}, is shared, and {s['environment']} acts with it"
    ),
    "RT-05": lambda s, _: (
        f"{s['credential']} opens {s['deployment']} for longer than its model allows"
    ),
    "RT-06": lambda s, _: f"{s['environment']} holds {s['credential']}, which opens production",
    "RT-07": lambda s, _: f"{s['entry']} was not approved by somebody independent",
    "RT-08": lambda s, _: f"{s['identity']} may change the paths to {s['deployment']}",
    "RT-09": lambda s, _: f"the log of {s['deployment']} cannot prove who used it",
    "RT-12": lambda s, _: (
        f"no recent drill proves how fast {s['vendor']} loses its access to {s['model']}"
    ),
    "RT-13": lambda s, _: (
        f"{s['environment']} uses {s['deployment']} from devices or by people nobody vouches for"
    ),
    "RT-14": lambda s, _: (
        f"no relationship in force stands behind {s['environment']}'s way to {s['deployment']}"
    ),
    "RT-15": lambda s, _: f"{s['exposure']} names what leads to {s['deployment']}",
    "RT-17": lambda s, _: (
        f"a contractor behind {s['environment']} is named in no live contract of its engager"
    ),
    "RT-18": lambda s, _: (
        f"{s['environment']} has a credential for {s['deployment']} that it cannot use"
    ),
    "RT-19": lambda s, _: f"{s['entry']} has no end, or one too far off",
    "RT-20": lambda s, _: f"the internet has an open way to {s['deployment']}",
}


# --- what to change ------------------------------------------------------------------------------


def _end(hop: Hop) -> str:
    """How to take one fact away."""
    origin, target = key(hop.from_), key(hop.to)
    match hop.relation:
        case "holds":
            return f"remove {target} from {origin} and revoke it"
        case "grants":
            return f"make {target} refuse {origin}"
        case "enters":
            return f"end {origin}'s entry to {target}"
        case "member_of":
            return f"take {origin} out of {target}"
        case "jumps":
            return f"end the way from {origin} into {target}"
        case "connects":
            return f"enforce the allowlist on the connection from {origin} to {target}, or end it"
        case "internet_egress":
            return f"keep {origin} off the internet"
        case "internet_exposed":
            return f"take {target} off the internet, or enforce the allowlist before it"
        case "administers":
            return f"take {origin}'s right to change {target} away"
    return f"end that {origin} {hop.relation} {target}"


def gate(witness: Witness) -> Hop | None:
    """The connection on which a gate belongs: the last one that comes from outside of a gateway.

    Where the wire comes through the internet that is the step from there; else its first step.
    """
    for hop in reversed(witness.wire):
        if hop.from_ == INTERNET:
            return hop
    return witness.wire[0] if witness.wire else None


def _cut(witness: Witness) -> str:
    """The change that ends a route where it is weakest: the last step in, the gate, the key."""
    if witness.access:
        return _end(witness.access[-1])
    hop = gate(witness)
    if hop is not None:
        return _end(hop)
    return _end(witness.credential[0]) if witness.credential else "end the access"


def _sentence(change: str) -> str:
    return change[0].upper() + change[1:]


def _admit(s: Subject, w: Witness) -> str:
    return (
        f"{_sentence(_cut(w))}; or admit {s['environment']} by an allowlist entry with an end, "
        "approved by one of our own people who did not ask for it"
    )


def _gate_it(_: Subject, w: Witness) -> str:
    hop = gate(w)
    return _sentence(_end(hop) if hop is not None else _cut(w))


def _stranded(_: Subject, w: Witness) -> str:
    return _sentence(_end(w.credential[-1]))


_FIX: dict[str, Callable[[Subject, Witness], str]] = {
    "RT-01": _admit,
    "RT-02": _gate_it,
    "RT-03": lambda s, w: (
        f"{_sentence(_cut(w))}; or give {s['environment']} a deployment of its own purpose"
    ),
    "RT-04": lambda s, _: (
        f"Issue one credential for each environment, user and test, and revoke {s['credential']}"
    ),
    "RT-05": lambda s, _: f"Replace {s['credential']} by a short-lived one, and revoke it",
    "RT-06": lambda _, w: _sentence(_end(w.credential[0])),
    "RT-07": lambda s, _: (
        f"Have {s['entry']} approved again by one of our own people who did not ask for it "
        "and works in none of the places that it admits"
    ),
    "RT-08": lambda _, w: (
        f"{_sentence(_end(w.access[-1]))}; let one of our own people make such changes and a "
        "second one approve them"
    ),
    "RT-09": lambda s, _: (
        f"Make the log of {s['deployment']} tamper-evident, and let it name who called"
    ),
    "RT-12": lambda s, _: (
        f"Rehearse the end of {s['vendor']}'s access to {s['model']}, and confirm that it is dead"
    ),
    "RT-13": lambda s, _: (
        f"Manage the devices of {s['environment']}, and let everybody who enters it "
        "sign in with a second factor"
    ),
    "RT-14": lambda _, w: (
        f"{_sentence(_cut(w))}; or put the relationship in order first: status, contract, entry"
    ),
    "RT-15": lambda s, _: f"Replace what {s['exposure']} names, then close the exposure",
    "RT-17": lambda _, w: f"Have the contract name every sub-contractor in the chain; or {_cut(w)}",
    "RT-18": _stranded,
    "RT-19": lambda s, _: f"Give {s['entry']} an end that is near enough",
    "RT-20": _gate_it,
}
