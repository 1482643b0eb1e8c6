# mypy: ignore-errors
"""Join, sealing, replay, repetition and the serial line."""

from protocol import wire
from protocol.wire import controller_end, line

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


def refused(function, *arguments):
    """The reason for which a call is refused; "" when it is not."""
    try:
        function(*arguments)
    except wire.DecodeError as error:
        return error.reason
    return ""


def joined(key=KEY):
    """Both ends after a join, and the frames of it."""
    node, desk = wire.NodeSession(KEY), controller_end.ControllerSession(key)
    node.link_up()
    request = node.ask_join(b"12345678", 3, 0, 1000)
    answer = wire.JoinAccept(controller_nonce=b"abcdefgh", day=9821, second=5, quality=2)
    accept = desk.accept(desk.open(request), answer)
    node.open(accept, 1100)
    desk.open(node.seal(wire.Hello(boot_count=3)))
    return node, desk, request, accept


def test_a_join_gives_both_ends_one_session():
    node, desk, _, _ = joined()
    assert node.joined and desk.joined
    assert desk.open(node.seal(wire.LampState(level_percent=40))).level_percent == 40
    assert node.open(desk.seal(wire.Ask(command_id=7)), 2000).command_id == 7


def test_a_controller_with_another_key_is_not_believed():
    node = wire.NodeSession(KEY)
    node.link_up()
    node.ask_join(b"12345678", 3, 0, 1000)
    stranger = controller_end.ControllerSession(OTHER)
    request = wire.JoinRequest(nonce=b"12345678")
    accept = stranger.accept(request, wire.JoinAccept(controller_nonce=b"abcdefgh", quality=2))
    assert refused(node.open, accept, 1100) == "tag"
    assert not node.joined


def test_an_old_accept_is_refused_with_its_old_time():
    _, _, _, accept = joined()
    node = wire.NodeSession(KEY)
    node.link_up()
    node.ask_join(b"fresh!!!", 4, 0, 1000)
    assert refused(node.open, accept, 1100) == "nonce"


def test_a_frame_is_taken_once():
    node, desk, _, _ = joined()
    frame = desk.seal(wire.Override(command_id=1, action=1, level_percent=20))
    assert node.open(frame, 2000).level_percent == 20
    assert refused(node.open, frame, 2001) == "replay"


def test_frames_may_come_out_of_order():
    node, desk, _, _ = joined()
    frames = [desk.seal(wire.Ask(command_id=number)) for number in range(20)]
    got = [node.open(frame, 2000).command_id for frame in reversed(frames)]
    assert got == list(range(19, -1, -1))
    assert [refused(node.open, frame, 2000) for frame in frames] == ["replay"] * 20


def test_a_frame_too_old_to_know_is_refused():
    node, desk, _, _ = joined()
    frames = [desk.seal(wire.Ask(command_id=number)) for number in range(40)]
    node.open(frames[39], 2000)
    assert refused(node.open, frames[39 - wire.REPLAY_WINDOW], 2000) == "replay"
    assert refused(node.open, frames[40 - wire.REPLAY_WINDOW], 2000) == ""


def test_a_flipped_bit_is_refused_at_every_place():
    node, desk, _, _ = joined()
    frame = desk.seal(wire.Override(command_id=1, action=1, level_percent=20))
    for bit in range(len(frame) * 8):
        wrong = bytearray(frame)
        wrong[bit // 8] ^= 1 << bit % 8
        reason = refused(node.open, bytes(wrong), 2000)
        assert reason in ("tag", "type", "version", "direction", "nonce"), (bit, reason)
    assert node.open(frame, 2000).level_percent == 20


def test_a_cut_frame_is_refused_at_every_length():
    node, desk, _, _ = joined()
    frame = desk.seal(wire.Ask(command_id=1))
    for size in range(len(frame)):
        assert refused(node.open, frame[:size], 2000) in ("too_short", "tag")
    assert refused(node.open, bytes(wire.FRAME_SIZE_MAX + 1), 2000) == "too_long"


def test_a_reflected_frame_goes_the_wrong_way():
    node, _, _, _ = joined()
    assert refused(node.open, node.seal(wire.LampState()), 2000) == "direction"


def test_a_needed_join_is_obeyed_but_not_too_often():
    node, desk, _, _ = joined()
    needed = desk.ask_join(b"87654321")
    node.open(needed, 1500)
    assert node.joined
    node.open(needed, 1100 + 2000)
    assert not node.joined
    assert node.join_due(4000)


def test_asking_to_join_pauses_longer_each_time():
    node = wire.NodeSession(KEY)
    node.link_up()
    asked = []
    for now_ms in range(0, 100000, 500):
        if node.join_due(now_ms):
            node.ask_join(b"12345678", 1, 0, now_ms)
            asked.append(now_ms)
    assert asked == [0, 1000, 3000, 7000, 15000, 31000, 61000, 91000]


def test_a_session_outlives_the_link():
    node, desk, _, _ = joined()
    node.link_down()
    node.link_up()
    assert node.joined
    assert desk.open(node.seal(wire.LampState(level_percent=8))).level_percent == 8


def test_sealing_without_a_join_is_our_own_error():
    try:
        wire.NodeSession(KEY).seal(wire.Ack())
        said = ""
    except wire.SessionError as error:
        said = str(error)
    assert said == "not_joined"


def test_a_tag_is_hmac_sha256_by_a_known_answer():
    # RFC 4231, test case 2: key "Jefe".
    mac = wire.Key(b"Jefe").mac(b"what do ya want for nothing?")
    assert mac == bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")


def test_keys_are_derived_as_rfc_5869_says():
    made = controller_end.derive(b"\x0b" * 22, b"", 32)
    wanted = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert made == bytes.fromhex(wanted)


def test_a_counter_is_found_from_sixteen_bits():
    window = wire.Window()
    for newest in (0, 65535, 65536, 131071, 0x3FFFFF00):
        window.accept(newest)
        for ahead in (-20, -1, 1, 100, 30000):
            counter = newest + ahead
            if counter >= 0:
                assert window.full_counter(counter & 0xFFFF) == counter


def test_ticks_wrap_without_a_jump():
    assert wire.ticks_after(5, 0x3FFFFFFF) == 6
    assert wire.ticks_after(0x3FFFFFFF, 5) == -6
    assert wire.ticks_after(1000, 1000) == 0


def test_repetition_pauses_grow_until_it_is_acknowledged():
    retry = wire.Retry(2)
    retry.add(1, wire.Ask(command_id=1), 0)
    times = []
    for now_ms in range(0, 20000, 100):
        if retry.due(now_ms):
            times.append(now_ms)
    assert times == [700, 2100, 4900, 10500]
    assert retry.forget(1)
    assert retry.deadline_ms(0) == -1


def test_a_full_list_refuses_what_is_new():
    retry = wire.Retry(2)
    assert retry.add(1, wire.Ask(), 0)
    assert retry.add(2, wire.Ask(), 0)
    assert not retry.add(3, wire.Ask(), 0)
    assert len(retry) == 2


def test_recent_tokens_are_known_and_old_ones_are_not():
    recent = wire.Recent(2)
    for token in (5, 6, 7):
        recent.add(token)
    assert [recent.seen(token) for token in (5, 6, 7)] == [False, True, True]


def test_a_configuration_comes_back_as_it_was():
    said = wire.Configuration(
        lat_e5=-3387000, lon_e5=15121000, heartbeat_s=60, floor_percent=5, default_percent=80,
        power_max_mw=42000, fade_ds=10, lamp_failure_s=3, zone=b"\x01\x02\x58",
    )  # fmt: skip
    read = wire.decode_configuration(wire.encode_configuration(said))
    for name in wire.Configuration.FIELDS:
        assert getattr(read, name) == getattr(said, name)
    assert read.zone == said.zone
    assert refused(wire.decode_configuration, b"") == "version"
    assert refused(wire.decode_configuration, b"\x01\x00") == "body"


def test_a_frame_comes_out_of_a_noisy_line():
    frame = bytes(range(100)) + b"\x00" * 5
    sent = line.wrap(frame)
    assert 0 not in sent[:-1]
    reader = line.LineReader()
    assert reader.feed(b"\x03noise\x00" + sent[:50]) == []
    assert reader.feed(sent[50:]) == [frame]
    assert line.crc16(b"123456789") == 0xD64E  # As the catalogue has it for GENIBUS.
