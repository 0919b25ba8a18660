"""Texts of the view Models: headings, lines beside the pointer, a sentence."""

from __future__ import annotations

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.inspect.personal_name import personal
from fedplay.stages.lengths import length_of
from fedplay.untrusted import escape
from fedplay.views.models.analysis import ParameterSharing, Part, recovered
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, short, size


def digits(value: float) -> str:
    """A distance for people.

    >>> [digits(v) for v in (0.0, 0.0312, 2.345, 123.4, float("nan"))]
    ['0', '0.031', '2.35', '123', '–']
    """
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    return (
        f"{value:.2f}"
        if 0.1 <= value < 100
        else f"{value:,.0f}"
        if value >= 100
        else (f"{value:.2g}")
    )


# --- the layers


def travels(found: ParameterSharing) -> list[str]:
    """Wordings of what travels, a client and round."""
    up, down = f"{found.up.numbers:,}", f"{found.down.numbers:,}"
    if up == down:
        return [f"{up} numbers down and up", f"{up} down and up", f"⇅ {up}"]
    return [f"{down} numbers down, {up} up", f"↓ {down}  ↑ {up}", f"{down} / {up}"]


def of_part(found: ParameterSharing, k: int) -> tuple[str, ...]:
    """What to say of a layer."""
    part, L = found.parts[k], len(found.parts)
    name = "the only layer" if L == 1 else f"layer {k + 1} of {L}"
    lines = [f"{name}: {part.into} → {part.out}, {part.size:,} parameters"]
    lines.append(_shared(found, part))
    if part.own:
        lines.append(f"each client has its own {UNSEEN}")
    mean = mean_of(found.layers[:, k])
    lines.append(f"in it, own models are {digits(mean)} from the global one")
    return tuple(lines)


def _shared(found: ParameterSharing, part: Part) -> str:
    if not part.sent:
        return "never sent: the server's own stays as it began"
    if found.copies > 1:
        return f"shared, {found.copies} times: one for each cluster"
    return "shared: sent, trained and averaged in every round"


# --- the distances


def mean_of(values: Array) -> float:
    """The mean of those that are finite; NaN of none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def mean(found: ParameterSharing) -> float:
    """How far personal models lie from the global one, on average."""
    return mean_of(found.far)


def of_client(scene: Scene, found: ParameterSharing, place: int) -> tuple[str, ...]:
    """What to say of a client's model."""
    name = f"{short(scene.name(place), 24)} {UNSEEN}"
    far = found.far[place]
    if not np.isfinite(far):
        return (name, "its model is not finite")
    lines = [name, f"‖v − w‖ = {digits(far)} from the global model"]
    if len(found.parts) > 1:
        own = found.layers[place]
        lines.append("by layer: " + ", ".join(digits(v) for v in own))
    if found.choice is not None:
        lines.append(f"chose model {found.choice.model[place] + 1} of {found.copies}")
    if found.groups is not None:
        lines.append(f"its data are of group {found.groups[place] + 1}")
    return tuple(lines)


def away() -> list[str]:
    """Wordings of the heading of the distances."""
    name = "Distance from the global"
    return [f"{name} model {UNSEEN}", f"{name} {UNSEEN}", f"From the global {UNSEEN}"]


def chosen() -> list[str]:
    """Wordings of the heading of the choices."""
    return [f"The model that each client chose {UNSEEN}", f"Chosen models {UNSEEN}"]


def distances(found: ParameterSharing) -> list[str]:
    """Wordings of the line below the heading."""
    shape = "; shape: group of the data" if found.groups is not None else ""
    if found.choice is not None:
        return [f"a dot is a client{shape}", shape[2:] or "a dot is a client"]
    whole = f"‖v − w‖ in {found.P:,} dimensions"
    return [f"{whole}, a dot for each client{shape}", f"{whole}{shape}", whole, "‖v − w‖"]


def way(found: ParameterSharing) -> list[str]:
    """Wordings of how far the global model has come."""
    value = digits(found.way)
    return [f"its own way from the start: {value}", f"own way so far {value}",
            f"its way {value}", f"way {value}"]  # fmt: skip


def average(value: float) -> list[str]:
    """Wordings of the mean distance."""
    return [f"mean of the clients: {digits(value)}", f"mean {digits(value)}"]


# --- the pictures


def responses(scene: Scene, found: ParameterSharing) -> list[str]:
    """Wordings of the heading above the pictures."""
    name = short(scene.name(found.place), 14)
    if found.farthest and np.ptp(np.nan_to_num(found.far)) > 0:
        return [
            f"{name} lies farthest: its model and the global one",
            f"{name} lies farthest",
            name,
        ]
    return [f"{name}: its model and the global one", f"{name} and global", name]


def what(scene: Scene, found: ParameterSharing) -> list[str]:
    """Wordings of what the pictures are."""
    pictures = found.responses
    if pictures is None:
        return [""]
    thing = _thing(scene)
    if pictures.exact:
        return [f"the weights of each {thing}", "weights"]
    return [
        f"slope of each {thing}'s score in every pixel, at the client's mean picture",
        "slope of each score, at its mean picture",
        "slopes at its mean picture",
    ]


def of_class(scene: Scene, found: ParameterSharing, c: int) -> tuple[str, ...]:
    """What to say of the pictures of a class."""
    pictures = found.responses
    assert pictures is not None
    name = short(scene.name(found.place), 24)
    way = length_of((pictures.own[c] - pictures.shared[c]).ravel())
    n = int(pictures.counts[c])
    return (
        f"{_thing(scene)} {short(scene.federation.classes[c])}: {name} has {n:,} {UNSEEN}",
        "red: ink here speaks for it, blue: against",
        f"the difference has length {digits(way)}",
    )


def _thing(scene: Scene) -> str:
    names = scene.federation.classes
    return "digit" if all(len(n) == 1 and n.isdigit() for n in names) else "class"


# --- the sentence


def told(scene: Scene, found: ParameterSharing) -> str:
    """What is shared, and how far what is not lies apart, as HTML."""
    if not found.finite:
        return "The model has diverged: its parameters are no longer numbers."
    said = [_travelling(found)]
    said.append(_clusters(found) if found.choice is not None else _apart(scene, found))
    return " ".join(said)


def _travelling(found: ParameterSharing) -> str:
    """What is shared, and what is not; the bytes of it on hovering."""
    up, down = size(found.up.bytes), size(found.down.bytes)
    bytes_ = f"{up} each way" if up == down else f"{down} down, {up} up"
    if found.choice is not None:
        said = (
            f"Each client is sent <b>{found.copies}</b> models and sends back the one that fits it."
        )
    elif not found.own:
        said = f"All {found.P:,} parameters are shared, and none is personal."
    elif found.sent < found.P:
        sent, rest = f"<b>{found.sent:,}</b>", f"<b>{found.P - found.sent:,}</b>"
        said = f"{sent} of {found.P:,} parameters are shared; {rest} stay with each client."
    else:
        own = "as many" if found.own == found.P else f"<b>{found.own:,}</b>"
        said = f"All {found.P:,} parameters are shared; each client has {own} of its own."
    return f'<span title="{bytes_} for each client in a round">{said}</span>'


def _apart(scene: Scene, found: ParameterSharing) -> str:
    away, noun = mean(found), personal(scene.exp).noun
    if not np.isfinite(away):
        return "Personal models have diverged."
    if away == 0:
        return "Every client's model is the global one."
    who, far, mean_ = "A client", away, " on average"
    if scene.client is not None and scene.client < len(found.far):
        name = escape(short(scene.name(scene.client), 24))
        who, far = f"{name[:1].upper()}{name[1:]}", float(found.far[scene.client])
        mean_ = f" (mean: {digits(away)})"
    said = f"{who}'s {noun} lies <b>{digits(far)}</b> from the global one{mean_}"
    if found.way > 0:
        said += f"; the global one has come <b>{digits(found.way)}</b> from its start"
    return f"{said}."


def _clusters(found: ParameterSharing) -> str:
    choice = found.choice
    assert choice is not None
    sizes = [f"<b>{n}</b>" for n in np.bincount(choice.model, minlength=found.copies).tolist()]
    counts = ", ".join(sizes[:-1]) + (" and " if sizes[1:] else "") + sizes[-1]
    which = f"models 1 to {found.copies}" if found.copies > 1 else "it"
    said = f"{counts} clients chose {which}."
    if found.groups is None:
        return said
    if len(set(choice.model.tolist())) == 1:
        return f"{said[:-1]}: all are together, of whichever group their data are."
    many, right = len(set(found.groups.tolist())), recovered(choice, found.groups)
    share = f"<b>{right}</b> of {len(found.groups)} are of the commonest group of their model"
    return f"{said[:-1]}; {share}, of {many} groups."
