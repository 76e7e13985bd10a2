"""Measures groups of rows, and those again that are below a bar in minutes in which the machine was slow."""
import dataclasses
import time

SLOW = 1.1  # so much longer than at its best the arithmetic may take before a figure tells of the machine rather than of the product
TRIES = 3
LONGEST_WAIT_S = 60  # for the machine to be at its speed, before a group is measured again


class Speed:
    """What a fixed piece of arithmetic takes on the server's core: now, and at its best in this run."""

    def __init__(self, calibrate):
        self._calibrate = calibrate
        self.best, self.worst = float("inf"), 0

    def take(self):
        took = self._calibrate()
        self.best, self.worst = min(self.best, took), max(self.worst, took)
        return took

    def is_slow(self, took):
        return took > SLOW * self.best

    def wait_for_the_best(self):
        until = time.monotonic() + LONGEST_WAIT_S
        while self.is_slow(self.take()) and time.monotonic() < until:
            time.sleep(0.5)


@dataclasses.dataclass
class Group:
    """The rows of one group, and the longest that the arithmetic took before, between and after them."""
    rows: list = dataclasses.field(default_factory=list)
    error: str = ""  # why not all of them were measured
    longest: float = 0
    before: "Group | None" = None  # the measurement that this one replaces

    @property
    def is_below(self):
        return bool(self.error) or any(row.verdict == "FAIL" for row in self.rows)

    def say_what_was_before(self, best):
        """Beside each row, what it was each time before."""
        earlier = self.before
        while earlier:
            for row in self.rows:
                figures = [f"{one.value:.3g}" for one in earlier.rows if one.name == row.name] or ["none"]
                row.beside += f"; before, when the machine was {earlier.longest / best - 1:.0%} slower than at its best, {figures[0]}"
            earlier = earlier.before


def measure(name, rows_of, speed, show, note, before=None):
    """One group; `rows_of` yields its rows, each of which is shown when it is there."""
    group = Group(longest=speed.take(), before=before)
    try:
        for row in rows_of():
            group.rows.append(row)
            show(row)
            group.longest = max(group.longest, speed.take())
    except Exception as error:  # a row that cannot be measured is below pass, and the others still count
        group.error = str(getattr(error, "stderr", "") or error)
        group.longest = max(group.longest, speed.take())
        note(f"FAIL  {name}: {group.error}")
    return group


def measure_all(groups, calibrate, show, note):
    """Groups by name, and the speed meanwhile. What is below a bar at the machine's speed stays so; what was measured on one that was slow is
    measured again when all others have been, up to TRIES times in all, and counts as it was measured last (ADR 41)."""
    speed = Speed(calibrate)
    measured = {name: measure(name, rows_of, speed, show, note) for name, rows_of in groups.items()}
    for _ in range(TRIES - 1):
        for name in [name for name, group in measured.items() if group.is_below and speed.is_slow(group.longest)]:
            note(f"again: {name}, in which the machine was {measured[name].longest / speed.best - 1:.0%} slower than at its best")
            speed.wait_for_the_best()
            measured[name] = measure(name, groups[name], speed, show, note, measured[name])
    for group in measured.values():
        group.say_what_was_before(speed.best)
    return measured, speed


def are_all_measured(measured):
    return not any(group.error for group in measured.values())


def verdict(measured):
    """What is said of all groups at the end, and the exit code."""
    below = [name for name, group in measured.items() if group.is_below]
    return (f"below a bar: {', '.join(below)}", 1) if below else ("every row passes", 0)
