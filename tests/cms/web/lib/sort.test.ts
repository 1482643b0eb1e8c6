/** Order of tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sorted } from '../../../../cms/web/src/lib/sort.ts';

const columns = [
  { id: 'id', title: 'Id', read: (x: { id: string; w: number | null }) => x.id },
  { id: 'w', title: 'W', read: (x: { id: string; w: number | null }) => x.w, num: true },
];
const items = [{ id: 'L-10', w: 3 }, { id: 'L-9', w: null }, { id: 'L-2', w: 20 }];

test('names are sorted by the numbers in them', () => {
  assert.deepEqual(sorted(items, columns, 'id').map((i) => i.id), ['L-2', 'L-9', 'L-10']);
});

test('unknown values come last in both directions', () => {
  assert.deepEqual(sorted(items, columns, 'w').map((i) => i.w), [3, 20, null]);
  assert.deepEqual(sorted(items, columns, '-w').map((i) => i.w), [20, 3, null]);
});

test('an unknown column sorts by the first one', () => {
  assert.equal(sorted(items, columns, 'nonsense')[0]!.id, 'L-2');
});
