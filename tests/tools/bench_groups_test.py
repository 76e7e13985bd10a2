"""What bench/run measures again: groups below a bar, if the machine was slow meanwhile."""
import pathlib
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import groups

FAST, SLOW = 100, 130  # what the arithmetic takes
BAR = 10


class MeasureAllTest(unittest.TestCase):
    def measure(self, *turns):
        """A group whose one row is each of these figures in turn, or breaks off, while the machine is so fast or slow: the group, and the turns left."""
        turns, speed = list(turns), [FAST]

        def rows_of():
            figure, speed[0] = turns.pop(0)
            if figure is not None:
                yield types.SimpleNamespace(name="cost", value=figure, verdict="PASS" if figure <= BAR else "FAIL", beside="")
                speed[0] = FAST
            else:
                raise RuntimeError("nothing can be compared")

        self.notes = []
        measured, _ = groups.measure_all({"cost": rows_of}, lambda: speed[0], lambda row: None, self.notes.append)
        return measured["cost"], len(turns)

    def test_what_passes_is_not_measured_again_fast_or_slow(self):
        for speed in (FAST, SLOW):
            group, left = self.measure((9, speed), (8, FAST))
            self.assertEqual((group.is_below, group.rows[0].value, left), (False, 9, 1))

    def test_what_is_below_at_the_machines_speed_stays_so(self):
        group, left = self.measure((11, FAST), (9, FAST))
        self.assertEqual((group.is_below, group.rows[0].value, left), (True, 11, 1))

    def test_what_is_below_on_a_slow_machine_is_measured_again_and_says_what_it_was(self):
        group, left = self.measure((13, SLOW), (12, SLOW), (9, FAST))
        self.assertEqual((group.is_below, group.rows[0].value, left), (False, 9, 0))
        self.assertEqual(group.rows[0].beside, "; before, when the machine was 30% slower than at its best, 12"
                                               "; before, when the machine was 30% slower than at its best, 13")
        self.assertEqual(len(self.notes), 2)

    def test_what_was_measured_last_counts(self):
        group, left = self.measure((13, SLOW), (11, FAST), (9, FAST))
        self.assertEqual((group.is_below, group.rows[0].value, left), (True, 11, 1))

    def test_a_machine_that_stays_slow_is_given_up(self):
        group, left = self.measure((13, SLOW), (13, SLOW), (13, SLOW), (9, FAST))
        self.assertEqual((group.is_below, left), (True, 1))

    def test_a_row_that_cannot_be_measured_is_below_its_bar(self):
        group, _ = self.measure((None, FAST))
        self.assertTrue(group.is_below)
        self.assertEqual(self.notes, ["FAIL  cost: nothing can be compared"])

    def test_the_end_names_what_is_below(self):
        def of(*verdicts, error=""):
            return groups.Group([types.SimpleNamespace(verdict=verdict) for verdict in verdicts], error)

        self.assertEqual(groups.verdict({"a": of("PASS"), "b": of("PASS, goal reached")}), ("every row passes", 0))
        measured = {"a": of("PASS", "FAIL"), "b": of("PASS"), "c": of("PASS", error="nothing can be compared")}
        self.assertEqual(groups.verdict(measured), ("below a bar: a, c", 1))
        self.assertFalse(groups.are_all_measured(measured))


if __name__ == "__main__":
    unittest.main()
