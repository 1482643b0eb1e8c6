/** What a draft means between two noons. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  differences, energyKwh, fromNoon, levelAt, levelsOf, minutesWhere, toClock, wallMin,
} from '../../../../cms/web/src/lib/curve.ts';

const SUN = { sunset: 290, dusk: 327, dawn: 1171, sunrise: 1208 };
const program = {
  name: 'x', dynamic: [],
  steps: [{ at: '06:00', level_percent: 100 }, { at: '22:30', level_percent: 60 }],
  active_periods: [{ kind: 'astro' as const, on_offset_min: -5, off_offset_min: 10 }],
};

test('every minute of the day survives the way to noon and back', () => {
  for (let min = 0; min < 1440; min++) assert.equal(fromNoon(toClock(min)), min);
});

test('what is no time of day is told apart', () => {
  for (const at of ['24:00', '7:30', '12:60', '', 'noon']) assert.ok(Number.isNaN(fromNoon(at)), at);
});

test('outside its active period a lamp is off and inside it steps hold', () => {
  const levels = levelsOf(program, SUN);
  assert.deepEqual(levels.map((l) => [l.min, l.level_percent]),
    [[0, 0], [285, 100], [630, 60], [1080, 100], [1218, 0]]);
  assert.equal(levelAt(levels, 1079), 60);
});

test('a period over midnight is active on both sides of it', () => {
  const levels = levelsOf({ ...program, active_periods: [{ kind: 'absolute', from: '23:00', to: '07:00' }] }, SUN);
  assert.equal(levelAt(levels, fromNoon('22:59')), 0);
  assert.equal(levelAt(levels, fromNoon('23:00')), 60);
  assert.equal(levelAt(levels, fromNoon('06:59')), 100);
  assert.equal(levelAt(levels, fromNoon('07:00')), 0);
});

test('without periods a programme is active all day', () => {
  const levels = levelsOf({ ...program, active_periods: [] }, SUN);
  assert.equal(minutesWhere(levels, (l) => l === 0), 0);
  assert.equal(minutesWhere(levels, (l) => l === 60), 450);
});

test('where the sun does not set an astronomical period is never active', () => {
  const none = { sunset: NaN, dusk: NaN, dawn: NaN, sunrise: NaN };
  assert.equal(minutesWhere(levelsOf(program, none), (l) => l > 0), 0);
});

test('differences cover exactly the minutes in which levels differ', () => {
  const old = levelsOf(program, SUN);
  const next = levelsOf({ ...program, steps: [{ at: '05:00', level_percent: 100 }, { at: '22:00', level_percent: 40 }] }, SUN);
  const found = differences(old, next);
  assert.deepEqual(found, [
    { from: 600, to: 630, low: 40, high: 100, less: true },
    { from: 630, to: 1020, low: 40, high: 60, less: true },
    { from: 1020, to: 1080, low: 60, high: 100, less: false },
  ]);
});

test('energy follows the curve of the lamp type and not the level', () => {
  const flat = [{ min: 0, level_percent: 50, reason: 'program' }];
  assert.equal(energyKwh(flat, [[0, 0], [100, 1]], 100), 1.2);
  assert.equal(energyKwh(flat, [[0, 0], [50, 0.6], [100, 1]], 100), 1.44);
  assert.equal(energyKwh([{ min: 0, level_percent: 0, reason: 'astro' }], [[0, 0.1], [100, 1]], 100), 0);
});

test('a time is placed by its own wall clock on the night of a date', () => {
  assert.equal(wallMin('2026-11-20T12:00:00+01:00', '2026-11-20'), 0);
  assert.equal(wallMin('2026-11-21T06:30:30+01:00', '2026-11-20'), 1110.5);
});
