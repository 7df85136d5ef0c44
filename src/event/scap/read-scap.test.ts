import { expect, test } from 'vitest';
import { eventTypes } from '../event-types.ts';
import { readScap } from './read-scap.ts';
import { block, i64, joined, openEvents, scapOf, text, u16, u32 } from './write-scap.fixture.ts';

function told(bytes: Uint8Array): unknown[] {
  return readScap(bytes).events.map(({ number, raw }) => [
    number,
    eventTypes[raw.type],
    raw.params.slice(0, 4),
  ]);
}

test('an entry and a return are one event, with the number of the return', () => {
  expect(told(scapOf(openEvents('/etc/passwd')))).toEqual([[2, 'open', [3, '/etc/passwd', 1, 0]]]);
});

test('what only the entry tells stands in the event too', () => {
  const close = [
    { number: 4, values: [i64(3)] },
    { number: 5, values: [i64(0)] },
  ];
  expect(told(scapOf(close))).toEqual([[2, 'close', [0, 3]]]);
});

test('threads in between do not mix', () => {
  const [a, b] = [openEvents('/a', 3, 1), openEvents('/b', 4, 2)];
  expect(told(scapOf([a[0]!, b[0]!, a[1]!, b[1]!]))).toEqual([
    [3, 'open', [3, '/a', 1, 0]],
    [4, 'open', [4, '/b', 1, 0]],
  ]);
});

test('a call without parameters of its own is known by its number on the machine', () => {
  const calls = [
    { number: 0, values: [u16(5), u16(28)] },
    { number: 1, values: [u16(5)] },
  ];
  expect(told(scapOf(calls))).toEqual([[2, 'madvise', [undefined, undefined, undefined, undefined]]]);
});

test('what is no call and has no return is an event of its own', () => {
  const [enter, exit] = openEvents('/a');
  const exited = { number: 186, values: [i64(256), i64(1), new Uint8Array([0]), new Uint8Array([0])] };
  expect(told(scapOf([enter!, exited, exit!]))).toEqual([
    [2, 'procexit', [256, 1, 0, 0]],
    [3, 'open', [3, '/a', 1, 0]],
  ]);
});

test('an IPv6 connection has both ends', () => {
  const address = (last: number) =>
    new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
  const tuple = joined([new Uint8Array([10]), address(1), u16(40_000), address(2), u16(443)]);
  const [event] = readScap(
    scapOf([
      { number: 22, values: [i64(3)] },
      { number: 23, values: [i64(0), tuple] },
    ]),
  ).events;
  expect(event?.raw.params[1]).toMatchObject({
    kind: 'inet',
    source: { port: 40_000 },
    destination: { port: 443 },
  });
});

test.each([
  ['nothing', new Uint8Array(), 'not a capture: it does not begin with a section header'],
  [
    'a text',
    text('hello, this is some text and no capture'),
    'not a capture: it does not begin with a section header',
  ],
  [
    'another byte order',
    joined([u32(0x0a0d0d0a), u32(28), u32(0x4d3c2b1a), new Uint8Array(16)]),
    'the capture is of a machine with another byte order',
  ],
])('%s is told', (_, bytes, message) => expect(readScap(bytes).faults).toMatchObject([{ message }]));

test('a capture that is cut off gives what it has', () => {
  const whole = scapOf([...openEvents('/a'), ...openEvents('/b')]);
  const { events, faults } = readScap(whole.slice(0, whole.length - 10));
  expect(events).toHaveLength(1);
  expect(faults).toMatchObject([{ message: expect.stringMatching(/the file is cut off$/) }]);
});

test('a block that is too short is told, and the rest read', () => {
  const broken = joined([
    scapOf([]),
    block(0x204, new Uint8Array(4)),
    ...[scapOf(openEvents('/a')).slice(28)],
  ]);
  const { events, faults } = readScap(broken);
  expect(events).toHaveLength(1);
  expect(faults).toEqual([{ offset: 28, message: 'a block of type 0x204 ends too early' }]);
});
