import { describe, expect, test } from 'vitest';
import { eventTypeNumber, parametersOf } from '../../event/event-types.ts';
import { syscallName } from '../../event/syscalls.ts';
import { callOf, calls, numbersX64 } from './calls.ts';
import { record } from './record.ts';

describe('the table of calls', () => {
  test.each(Object.keys(calls))('%s', (name) => {
    const type = eventTypeNumber(name);
    const call = callOf(name);
    expect(syscallName(numbersX64[name] as number)).toBe(name);
    expect(call?.captures.length).toBeLessThanOrEqual(record.slots);
    expect(call?.sources).toHaveLength(parametersOf(type as number).length);
  });

  test('a path is copied with the directory below which it stands, and the descriptor last', () => {
    expect(callOf('openat')).toMatchObject({
      captures: [
        { kind: 'text', argument: 1 },
        { kind: 'base', argument: 0 },
        { kind: 'descriptor', argument: 'ret' },
      ],
      descriptor: 2,
      arguments: [0, 1, 2, 3],
    });
    expect(callOf('read')).toBeUndefined();
  });
});
