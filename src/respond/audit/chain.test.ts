import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChainHead, emptyHead, linkRecord, verifyChain } from './chain.ts';
import type { AuditEntry } from './record.ts';

const sha256 = (line: Uint8Array) => createHash('sha256').update(line).digest('hex');
const encode = (text: string) => new TextEncoder().encode(text);

function chain(length: number): { lines: string[]; head: ChainHead } {
  let head = emptyHead(sha256);
  const lines: string[] = [];
  for (let number = 1; number <= length; number++) {
    const entry: AuditEntry = { event: 'denied', id: `r${number}`, why: 'no', by: 'tester' };
    const next = linkRecord(entry, '2026-11-30T00:00:00.000Z', head, sha256);
    lines.push(next.line);
    head = next.head;
  }
  return { lines, head };
}

const verify = (lines: readonly string[], known?: ChainHead) =>
  verifyChain(lines.map(encode), sha256, { ...(known && { known }) });

test('the digest is that of RFC 6234, of nothing for the first line', () => {
  const { lines } = chain(2);
  expect(JSON.parse(lines[0]!).previous).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
  expect(JSON.parse(lines[1]!).previous).toBe(sha256(encode(lines[0]!)));
});

test('an untouched log has no problem, and its head is the one that was written', () => {
  fc.assert(
    fc.property(fc.nat({ max: 12 }), (length) => {
      const { lines, head } = chain(length);
      const found = verify(lines, head);
      expect([found.problems, found.head, found.records.length]).toEqual([[], head, length]);
    }),
  );
});

test('whatever is done to its lines is found, given the head', () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('delete' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('repeat' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('swap' as const), at: fc.nat(), to: fc.nat() }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), to: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 10 }), change, (length, how) => {
      const { lines, head } = chain(length);
      const at = how.at % length;
      const changed = [...lines];
      if (how.kind === 'delete') changed.splice(at, 1);
      if (how.kind === 'repeat') changed.splice(at, 0, lines[at]!);
      if (how.kind === 'cut') changed.length = at;
      if (how.kind === 'swap') {
        const to = how.to % length;
        [changed[at], changed[to]] = [lines[to]!, lines[at]!];
      }
      if (how.kind === 'byte') {
        const place = how.to % lines[at]!.length;
        const other = lines[at]![place] === '0' ? '1' : '0';
        changed[at] = lines[at]!.slice(0, place) + other + lines[at]!.slice(place + 1);
      }
      fc.pre(changed.join('\n') !== lines.join('\n'));
      expect(verify(changed, head).problems).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('without a head that was kept elsewhere, missing lines at the end and a log written anew are not found', () => {
  const { lines, head } = chain(5);
  expect(verify(lines.slice(0, 3)).problems).toEqual([]);
  expect(verify(lines.slice(0, 3), head).problems).toMatchObject([{ what: 'truncated' }]);
  const anew = lines.map((line) => line.replace('tester', 'nobody'));
  let last = emptyHead(sha256);
  const forged = anew.map((line) => {
    const { event, id, why, by } = JSON.parse(line);
    const next = linkRecord({ event, id, why, by } as AuditEntry, '2026-11-30T00:00:00.000Z', last, sha256);
    last = next.head;
    return next.line;
  });
  expect(verify(forged).problems).toEqual([]);
  expect(verify(forged, head).problems).toMatchObject([{ what: 'altered', line: 5 }]);
});

test('a torn line is told by the next one, and only its own', () => {
  const { lines, head } = chain(3);
  const torn = '{"schemaVersion":1,"seq":4,"ev';
  const place = { seq: head.seq, digest: sha256(encode(torn)) };
  const told = linkRecord({ event: 'recovered', torn: torn.length }, 'now', place, sha256);
  const found = verify([...lines, torn, told.line], told.head);
  expect([found.problems, found.torn, found.records.length]).toEqual([[], 1, 4]);
  expect(verify([...lines, torn]).problems).toMatchObject([{ what: 'torn', line: 4 }]);
  const more = verify([...lines, `${torn}x`, told.line]).problems.map(({ what }) => what);
  expect(more).toEqual(['damaged', 'broken']);
});

test('never throws', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array(), fc.json().map(encode))), (lines) => {
      const { problems, records } = verifyChain(lines, sha256);
      expect(problems.length + records.length).toBeGreaterThanOrEqual(Math.min(1, lines.length));
    }),
  );
});
