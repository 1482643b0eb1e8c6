# mypy: ignore-errors
"""The bay detector: what it claims and when, its memory; when a battery may rest."""

from firmware.baseline import Baseline
from firmware.duty import AWAKE, DEEP, DEEP_MS_MIN, LIGHT, PAUSE_S, TRY_S, Duty, mode_of
from firmware.echo import Echo
from firmware.now import Now
from firmware.parking import OCCUPIED, UNKNOWN, VACANT, Bay

EMPTY = (19800, 600, 44900)
CAR = (25800, 5600, 39900)
NO_ECHO, BODY, WEAK, COVER = (0, 0, 0), (160, 20, 0), (160, 0, 0), (0, 0, 1)


class Street:
    """A bay under test: field and echo as they are set, a radar that answers when asked."""

    def __init__(self, bay=None, start_ms=0):
        self.bay = bay or Bay()
        self.echo = Echo()
        self.now = Now()
        self.now.tick_ms = start_ms
        self.field = list(EMPTY)
        self.says = NO_ECHO
        self.deaf = False
        self.temperature_dc = 150
        self.changes = []

    def run(self, seconds, field=None, says=None):
        """Time passes, in ticks of 100 ms."""
        if field is not None:
            self.field = list(field)
        if says is not None:
            self.says = says
        for tick in range(int(seconds * 10)):
            now = self.now
            now.tick_ms = (now.tick_ms + 100) & 0x3FFFFFFF
            now.uptime_ms += 100
            now.uptime_s = now.uptime_ms // 1000
            if self.echo.wanted and not self.deaf:
                self.echo.count += 1
                self.echo.mm, self.echo.strength_db, self.echo.near = self.says
            field = self.field and [axis + (tick * 7919 + 13) % 100 for axis in self.field]
            if self.bay.tick(field, self.echo, self.temperature_dc, now):
                self.changes.append((now.uptime_s, self.bay.state))
        return self.bay


def test_an_empty_bay_is_vacant_and_surely_so():
    bay = Street().run(6)
    assert bay.state == VACANT
    assert bay.confidence_percent >= 90


def test_it_works_wherever_the_tick_counter_stands():
    for start_ms in (0, 0x1FFFFFF0, 0x20000010, 0x3FFFFFF0):
        street = Street(start_ms=start_ms)
        street.run(6)
        assert street.run(5, CAR, BODY).state == OCCUPIED, start_ms


def test_without_radar_nothing_is_claimed_until_an_operator_vouches():
    street = Street()
    street.deaf = True
    assert street.run(600).state == UNKNOWN
    assert street.bay.confidence_percent == 0
    street.bay.recalibrate(street.now)
    assert street.run(30).state == VACANT
    assert street.bay.confidence_percent <= 60


def test_a_car_that_stands_there_at_power_up_is_told_by_its_echo():
    street = Street()
    assert street.run(6, CAR, BODY).state == OCCUPIED
    assert street.run(6, EMPTY, NO_ECHO).state == VACANT
    assert street.run(6, CAR, BODY).state == OCCUPIED


def test_arrival_and_departure_are_told_within_five_seconds():
    street = Street()
    street.run(60)
    begin = street.now.uptime_s
    street.run(10, CAR, BODY)
    street.run(60)
    left = street.now.uptime_s
    street.run(10, EMPTY, NO_ECHO)
    (came_s, came), (gone_s, gone) = street.changes[1:]
    assert (came, gone) == (OCCUPIED, VACANT)
    assert came_s - begin < 5
    assert gone_s - left < 5


def test_a_tram_bends_the_field_and_changes_nothing():
    street = Street()
    street.run(60)
    for _ in range(5):
        street.run(12, (27800, 4600, 47900))
        street.run(40, EMPTY)
    assert [state for _, state in street.changes] == [VACANT]


def test_a_neighbour_moves_the_field_a_little_and_changes_nothing():
    street = Street()
    street.run(60)
    street.run(600, (20900, 200, 45600))
    street.run(600, EMPTY)
    assert [state for _, state in street.changes] == [VACANT]


def test_somebody_who_walks_over_the_sensor_changes_nothing():
    street = Street()
    street.run(60)
    street.run(3, says=(420, 12, 0))
    street.run(60, says=NO_ECHO)
    assert [state for _, state in street.changes] == [VACANT]


def test_a_tank_of_plastic_that_hardly_echoes_stays_occupied():
    street = Street()
    street.run(60)
    street.run(10, CAR, WEAK)
    street.run(600, says=WEAK)
    assert street.bay.state == OCCUPIED
    assert [state for _, state in street.changes] == [VACANT, OCCUPIED]


def test_a_steel_plate_is_no_car():
    street = Street()
    street.run(60)
    street.run(600, (31800, 9600, 34900), COVER)
    assert street.bay.state == UNKNOWN
    assert street.bay.confidence_percent == 0
    street.run(60, EMPTY, NO_ECHO)
    assert street.bay.state == VACANT


def test_under_leaves_the_field_goes_on_alone():
    street = Street()
    street.run(6)
    street.run(6, CAR, BODY)
    street.run(120, EMPTY, NO_ECHO)
    street.run(120, says=COVER)
    assert street.bay.state == VACANT
    assert street.run(60, CAR, COVER).state == OCCUPIED


def test_the_baseline_follows_drift_and_heat_while_the_bay_is_empty():
    street = Street()
    street.run(60)
    for step in range(200):
        street.field = [EMPTY[0] + 20 * step, EMPTY[1], EMPTY[2] - 20 * step]
        street.temperature_dc = 150 + step
        street.run(30)
    assert [state for _, state in street.changes] == [VACANT]
    assert street.bay.far_nt < 1500
    drifted = street.field
    street.run(8, [drifted[0] + 5000, drifted[1] + 4000, drifted[2] - 4000], BODY)
    assert street.bay.state == OCCUPIED


def test_the_effect_of_the_temperature_is_learned_while_nothing_moves():
    baseline = Baseline()
    for second in range(40000):
        warm_dc = 100 + second // 200
        field = [EMPTY[0] + 4 * (warm_dc - 100), EMPTY[1], EMPTY[2]]
        baseline.feel(field, warm_dc, False)
    assert 20 * 16 < baseline.per_k[0] <= 44 * 16  # 40 nT a kelvin.
    assert abs(baseline.per_k[1]) < 8 * 16


def test_both_senses_silent_is_not_known():
    street = Street()
    street.run(60)
    street.deaf = True
    street.field = None
    assert street.run(400).state == UNKNOWN
    street.deaf = False
    assert street.run(30, EMPTY, NO_ECHO).state == VACANT
    assert street.bay.known == VACANT


def test_a_memory_is_taken_up_whole_or_not_at_all():
    street = Street()
    street.run(30)
    street.run(10, CAR, BODY)
    data = street.bay.memory()
    again = Bay()
    assert again.remember(data)
    assert again.memory() == data
    for wrong in (b"", data[:-1], b"\x01" + data[1:], data[:1] + b"\x07" + data[2:]):
        other = Bay()
        assert not other.remember(wrong)
        assert other.state == UNKNOWN
    after = Street(again)
    assert after.run(60, CAR, BODY).state == OCCUPIED
    assert not after.changes
    assert after.run(10, EMPTY, NO_ECHO).state == VACANT


def test_a_car_that_left_during_a_power_cut_is_missed():
    street = Street()
    street.run(30)
    street.run(10, CAR, BODY)
    again = Bay()
    again.remember(street.bay.memory())
    after = Street(again)
    assert after.run(10, EMPTY, NO_ECHO).state == VACANT
    assert [state for _, state in after.changes] == [VACANT]


def test_a_rest_is_as_deep_as_it_is_worth():
    assert mode_of(0) == AWAKE
    assert mode_of(1000) == LIGHT
    assert mode_of(DEEP_MS_MIN - 1) == LIGHT
    assert mode_of(DEEP_MS_MIN) == DEEP
    assert 40_000 < DEEP_MS_MIN < 60_000


def test_the_radio_is_on_only_while_something_is_to_be_told():
    duty, now = Duty(), Now()
    rests = []
    for second in range(60):
        now.uptime_s = second
        rests.append(duty.rest_ms(1000, second < 5, now))
    assert rests[:5] == [0] * 5
    assert rests[-1] == 1000
    assert rests.index(1000) <= 10
    assert not duty.radio
    now.uptime_s = 61
    assert duty.rest_ms(1000, True, now) == 0
    assert duty.radio


def test_without_a_network_the_radio_is_tried_now_and_then():
    duty, now = Duty(), Now()
    on = 0
    for second in range(3600):
        now.uptime_s = second
        on += duty.rest_ms(1000, True, now) == 0
    assert on <= (3600 // (TRY_S + PAUSE_S) + 1) * (TRY_S + 1)
