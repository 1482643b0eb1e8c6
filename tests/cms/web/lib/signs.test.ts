/** Which sign stands for a lamp. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { glowOf, leftOf, signOf } from '../../../../cms/web/src/lib/signs.ts';
import type { Lamp, Override } from '../../../../cms/web/src/lib/types.ts';

const lamp = (change: Partial<Lamp>) => ({
  id: 'L-1', health: 'ok', light_percent: 60, level_percent: 60, feeder_id: 'F-1', ...change,
}) as Lamp;
const feeder = (mains: string) => new Map([['F-1', { id: 'F-1', names: {}, mains }]]);

test('a lamp is on only when light is there', () => {
  assert.equal(signOf(lamp({})), 'on');
  assert.equal(signOf(lamp({ light_percent: 0 })), 'off');
  assert.equal(signOf(lamp({ light_percent: null, level_percent: null })), 'off');
});

test('what is wrong is said before what is lit', () => {
  assert.equal(signOf(lamp({ health: 'fault' })), 'fault');
  assert.equal(signOf(lamp({ health: 'silent' })), 'silent');
  assert.equal(signOf(lamp({ health: 'unknown' })), 'silent');
  assert.equal(glowOf(lamp({ health: 'silent' }), new Map()), 0);
});

test('a lamp without node burns when its feeder does', () => {
  assert.equal(glowOf(lamp({ health: 'unmanaged' }), feeder('on')), 1);
  assert.equal(glowOf(lamp({ health: 'unmanaged' }), feeder('off')), 0);
});

test('the arc of an override runs out', () => {
  const o = { starts_at: '2026-11-20T22:00:00Z', expires_at: '2026-11-20T23:00:00Z' } as Override;
  assert.equal(leftOf(o, Date.parse('2026-11-20T22:15:00Z')), 0.75);
  assert.equal(leftOf(o, Date.parse('2026-11-21T00:00:00Z')), 0);
});
