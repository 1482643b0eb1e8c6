/** Tables as files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText } from '../../../../cms/web/src/lib/csv.ts';

test('cells with separators, quotes and lines are quoted', () => {
  assert.equal(csvText(['a', 'b'], [['x,y', 'say "hi"'], ['two\nlines', null]]),
    '\ufeffa,b\r\n"x,y","say ""hi"""\r\n"two\nlines",\r\n');
});

test('a text that begins like a formula is not run by a spreadsheet', () => {
  assert.ok(csvText(['a'], [['=1+1']]).includes("'=1+1"));
  assert.ok(csvText(['a'], [[-3.5]]).includes('\r\n-3.5\r\n'));
});
