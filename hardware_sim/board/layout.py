"""The page that a node's peripherals share with the world: offsets in bytes, little endian.

Read by CPython (the world) and by MicroPython (the simulated peripherals). Each value is written
by one side only and is no wider than one machine word, so it is never seen half written.
"""

PAGE_SIZE = 256

# Written by the node's peripherals.
DUTY = 0  # u32: PWM duty, 0-65535
DRIVEN = 4  # u32: 1 while the PWM output is driven; 0 after a reset, and the lamp is then lit
BOOTS = 8  # u32: starts of this node's process, counted by the zygote
FEEDS = 12  # u32: watchdog feeds
TIMER = 16  # u32: world's milliseconds at which the timer resets the node, with bit 31 set; 0: off
RTC_SIZE = 20  # u32: bytes in the RTC's memory, which outlives a reset but no power cut
RTC_MEMORY = 24
RTC_MEMORY_SIZE = 32

# Written by the world, and counted down by the node's flash.
CUT_WRITES = 56  # u32: before this write of flash (1: the next one) mains are cut; 0: never
CUT_BYTES = 60  # u32: bytes that this write still gets done

# Written by the world.
POWER_MW = 64  # u32: power at the meter
VOLTAGE_DV = 68  # u32: voltage at the meter
PULSES = 72  # u32: energy pulses of the meter
METER = 76  # u32: 1 while the meter answers
PRESENCE = 80  # u32: levels of the inputs from pin 33 on, lowest bit first; a lamp's PIR is 33,
# and its 34 is high while it has no mains.
# Its bit 31 is the boot button.
FIELD_X = 84  # s32: field at the magnetometer, nT
FIELD_Y = 88
FIELD_Z = 92
LINK = 96  # u32: 1 while the access point is heard
LUX_X10 = 100  # u32: light at the photocell, tenths of a lux
ECHO_MM = 108  # u32: distance of what is above a bay's radar, 0: nothing; bit 31: it is covered
ECHO_DB = 112  # s32: how strong that is
MODULES = 104  # u32: bits 1 to 15, which units on the Modbus line answer; chips that do not are:
CLIMATE_DEAD, PARTICLES_DEAD, NOISE_DEAD = 0x10000, 0x20000, 0x40000
PARTICLES_TORN = 0x80000  # Its frames come with a wrong checksum.
REGISTERS = 128  # u32: their registers, two in a word, the even one in the upper half
REGISTER_COUNT = 64

# Of a lamp with a DALI driver, which has no Modbus line: the same place. Written by the driver
# beside the node, and while the node is out by the world (gear.py).
GEAR_ARC = 128  # u32: arc level it gives, 0-254
GEAR_LEVELS = 132  # u32: low byte POWER ON LEVEL, then SYSTEM FAILURE LEVEL; 255: as it was
GEAR_FADE = 136  # u32: low byte its fade time, then its extended fade time
GEAR_STATUS = 140  # u32: GEAR_POWER_SEEN, until it is given a level
GEAR_POWER_SEEN = 0x80
GEAR_TURN = 148  # u32: DTR0, DTR1, whether memory may be written, a byte each
GEAR_LATCHED = 152  # u32: power that was latched, mW; energy, Wh
GEAR_INPUT_TOLD = 164  # u32: how often what is in GEAR_INPUT has been told
# Written by the world.
GEAR_INPUT = 160  # u32: bit 0 an occupancy sensor on the bus sees somebody, above it how often it
# has changed; 0: there is none
GEAR_WORLD = 144  # u32: what is wrong with it, bits
GEAR_DEAD, GEAR_FAILED, GEAR_LAMP_OUT = 1, 2, 4
GEAR_ON_S = 168  # u32: what it counts since it is here: seconds with mains,
GEAR_STARTS = 172  # u32: how often they came,
LIGHT_ON_S = 176  # u32: seconds with light,
LIGHT_STARTS = 180  # u32: and how often it began
GEAR_VOLTS = 184  # u32: voltage that was latched, dV

RELAY = 116  # u32: 1 while the coil of a lamp's relay is driven, and its contact is open
RTC_OFF_S = 120  # s32: how far a battery-backed clock is ahead of the world, which may set it
RTC_SET = 124  # u32: what its battery keeps besides; 0: it never ran, or its battery was taken out

# The clock page, as protocol/worldclock writes it.
CLOCK_GENERATION = 4
CLOCK_MONOTONIC_NS = 8
CLOCK_SIMULATED_NS = 16
CLOCK_SPEED_1000 = 24
