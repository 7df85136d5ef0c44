import { expect, test } from 'vitest';
import type { Capabilities, Level } from '../event/capabilities.ts';
import { syscallSource } from '../event/syscall-source.ts';
import { faithful } from './faithful.ts';
import { parseCondition } from './syntax/parse-condition.ts';

/** A source of openat and of half of connect, without names of images and with part of the arguments. */
const some: Capabilities = {
  id: 'some',
  type: (name) => (({ openat: 'full', connect: 'partial' }) as Record<string, Level>)[name] ?? 'none',
  field: (type, name) =>
    name === 'container.image' || (name === 'fd.num' && type === 'connect')
      ? 'none'
      : name === 'proc.args'
        ? 'partial'
        : 'full',
};

function of(text: string) {
  const parsed = parseCondition(text);
  if (!('condition' in parsed)) throw new Error(text);
  const { state, ...lacks } = faithful([parsed.condition], syscallSource, some);
  return [state, ...Object.values(lacks).map((names) => names.join(' '))];
}

test.each([
  ['all that is asked for is given', 'evt.type = openat and fd.num > 3', ['full', '', '', '', '']],
  ['a type of several', 'evt.type in (open, openat)', ['partial', 'open', '', '', '']],
  ['no type', 'evt.type = open and fd.num > 3', ['none', 'open', '', '', '']],
  ['a type in part', 'evt.type = connect', ['partial', '', 'connect', '', '']],
  [
    'an exception that cannot hold back',
    'evt.type = openat and not container.image in (a, b)',
    ['partial', '', '', 'container.image', ''],
  ],
  [
    'a field that all depends on',
    'evt.type = openat and container.image = a',
    ['none', '', '', 'container.image', ''],
  ],
  [
    'a field that one of two depends on',
    'evt.type = openat and (container.image = a or proc.name = b)',
    ['partial', '', '', 'container.image', ''],
  ],
  ['a field in part', 'evt.type = openat and proc.args contains x', ['partial', '', '', '', 'proc.args']],
  [
    'what asks for another type does not matter',
    'evt.type = openat and (proc.name = b or (evt.type = connect and fd.num = 1))',
    ['full', '', '', '', ''],
  ],
  [
    'a field of a transformer, and on the right side',
    'evt.type = openat and tolower(proc.args) = val(container.image)',
    ['none', '', '', 'container.image', 'proc.args'],
  ],
  [
    'a field that has to exist',
    'evt.type = openat and container.image exists',
    ['none', '', '', 'container.image', ''],
  ],
])('%s', (_, text, expected) => expect(of(text)).toEqual(expected));
