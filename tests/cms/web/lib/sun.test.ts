/** The sun that is drawn behind a schedule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toClock } from '../../../../cms/web/src/lib/curve.ts';
import { minutesAfterNoon, offsetMin, sunOf } from '../../../../cms/web/src/lib/sun.ts';

const BRUSSELS = 'Europe/Brussels';

/** Published times for London 2015 (timeanddate.com), to the minute. */
const LONDON: [string, string, string][] = [
  ['2015-06-21', '21:22', '04:43'], ['2015-12-21', '15:53', '08:04'], ['2015-03-20', '18:14', '06:02'],
];

function away(at_min: number, clock: string): number {
  const [h, m] = clock.split(':').map(Number) as [number, number];
  return Math.abs(((at_min + 720) % 1440) - (h * 60 + m));
}

test('sunset and sunrise agree with published times within two minutes', () => {
  for (const [date, sunset, sunrise] of LONDON) {
    const sun = sunOf(date, 51.5074, -0.1278, 'Europe/London');
    assert.ok(away(sun.sunset, sunset) <= 2, `${date} ${toClock(sun.sunset)}`);
    assert.ok(away(sun.sunrise, sunrise) <= 2, `${date} ${toClock(sun.sunrise)}`);
  }
});

test('twilight lies between sun and night on every day of a year', () => {
  for (let d = 0; d < 365; d++) {
    const date = new Date(Date.UTC(2026, 0, 1 + d)).toISOString().slice(0, 10);
    const sun = sunOf(date, 50.84, 4.34, BRUSSELS);
    assert.ok(0 < sun.sunset && sun.sunset < sun.dusk && sun.dusk < sun.dawn, date);
    assert.ok(sun.dawn < sun.sunrise && sun.sunrise < 1440, date);
  }
});

test('the midnight sun is told as no sunset', () => {
  assert.ok(Number.isNaN(sunOf('2026-06-21', 69.65, 18.96, 'Europe/Oslo').sunset));
});

test('offsets follow the change of hour', () => {
  assert.equal(offsetMin(Date.parse('2026-10-25T00:59:00Z'), BRUSSELS), 120);
  assert.equal(offsetMin(Date.parse('2026-10-25T01:00:00Z'), BRUSSELS), 60);
  assert.equal(offsetMin(Date.parse('2026-07-01T00:00:00Z'), 'UTC'), 0);
});

test('an instant is placed on the clock of the city', () => {
  assert.equal(minutesAfterNoon(Date.parse('2026-11-20T21:41:00Z'), '2026-11-20', BRUSSELS), 641);
});
