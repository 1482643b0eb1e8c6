/** Scans at a pole, and the queue of a phone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxOf, kept, poleOf, read, shifted, without, type Scan } from '../../../../cms/web/src/lib/pairing.ts';

const scan = (id: string, node_id = '02aa00000001', asset_id = 'L-1'): Scan =>
  ({ id, node_id, asset_id, at: '2026-11-20T20:00:00Z' });

test('a label of flash.py, and the number on it, are the box', () => {
  assert.equal(boxOf('LL1:02aa00000001:L-0001:246f28000001'), '02aa00000001');
  assert.equal(boxOf(' 02AA00000001\n'), '02aa00000001');
  assert.equal(boxOf('02:aa:00:00:00:01'), '02aa00000001');
  for (const text of ['', 'L-0001', '02aa0000001', 'LL2:02aa00000001:x:y', 'LL1:02aa0000000g:x:y']) {
    assert.equal(boxOf(text), null, text);
  }
});

test('a plate is a pole, and a label of a box is none', () => {
  assert.equal(poleOf(' L-0001 '), 'L-0001');
  for (const text of ['', 'LL1:02aa00000001:L-0001:246f28000001', 'two words', 'x'.repeat(65)]) {
    assert.equal(poleOf(text), null, text);
  }
});

test('what is scanned twice is kept once, and what was sent is gone', () => {
  const two = kept(kept([], scan('a')), scan('b', '02aa00000002'));
  const again = kept(two, scan('c'));
  assert.deepEqual(again.map((s) => s.id), ['b', 'c']);
  assert.deepEqual(without(again, [scan('b')]).map((s) => s.id), ['c']);
});

test('what another version or nobody kept is no reason to fail', () => {
  for (const text of [null, '', '{', '{}', '[1, null, {"id": "a"}]']) assert.deepEqual(read(text), []);
  assert.deepEqual(read(JSON.stringify([scan('a'), { id: 1 }])), [scan('a')]);
});

test('days follow the calendar over months and summer time', () => {
  assert.equal(shifted('2026-03-01', -1), '2026-02-28');
  assert.equal(shifted('2026-10-24', 1), '2026-10-25');
  assert.equal(shifted('2026-12-31', 1), '2027-01-01');
});
