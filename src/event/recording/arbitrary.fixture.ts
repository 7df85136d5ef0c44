import fc from 'fast-check';
import type { Address } from '../../net/address.ts';
import { eventTypes, type ParameterKind, parametersOf } from '../event-types.ts';
import type {
  DescriptorRecord,
  Observed,
  RawEvent,
  RawValue,
  SocketEnd,
  ThreadRecord,
} from '../raw-event.ts';
import { descriptorTypes } from './format.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const whole = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer(), fc.maxSafeInteger(), u32);
const big = fc.oneof(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), fc.bigInt());
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 20 }));
const bytes = fc.uint8Array({ maxLength: 300 });

const address: fc.Arbitrary<Address> = fc.oneof(
  u32.map((d): Address => ({ family: 4, a: 0, b: 0, c: 0, d })),
  fc.record({ family: fc.constant(6 as const), a: u32, b: u32, c: u32, d: u32 }),
);
const end: fc.Arbitrary<SocketEnd> = fc.record({ address, port: fc.integer({ min: 0, max: 65_535 }) });
const tuple = fc.oneof(
  fc.record({ kind: fc.constant('inet' as const), source: end, destination: end }),
  fc.record({ kind: fc.constant('unix' as const), source: u64, destination: u64, path: text }),
);
const socketAddress = fc.oneof(
  end.map((one) => ({ kind: 'inet' as const, ...one })),
  fc.record({ kind: fc.constant('unix' as const), path: text }),
);
const polled = fc.array(fc.record({ fd: whole, flags: fc.integer({ min: 0, max: 65_535 }) }), {
  maxLength: 8,
});

function ofKind(kind: ParameterKind): fc.Arbitrary<RawValue> {
  switch (kind) {
    case 'string':
    case 'path':
    case 'relative path':
      return text;
    case 'bytes':
      return bytes;
    case 'tuple':
      return tuple;
    case 'address':
      return socketAddress;
    case 'descriptors':
      return polled;
    default:
      return fc.oneof(whole, big);
  }
}

const options = { requiredKeys: [] };
const descriptor = fc
  .record({
    fd: whole,
    type: fc.constantFrom(...descriptorTypes),
    name: text,
    rest: fc.record(
      {
        tuple,
        listening: end,
        protocol: whole,
        domain: whole,
        role: fc.constantFrom('client' as const, 'server' as const),
        device: whole,
        inode: whole,
        rawName: text,
        connected: fc.boolean(),
      },
      options,
    ),
  })
  .map(({ rest, ...own }) => ({ ...own, ...rest }) as DescriptorRecord);

const observed = fc.record(
  {
    descriptor,
    bases: fc.array(fc.option(text, { nil: undefined }), { maxLength: 8 }),
    session: whole,
    group: whole,
    namespacePid: whole,
    namespaceTid: whole,
  },
  options,
) as fc.Arbitrary<Observed>;

/** Any event of any type, its parameters of the kinds that they have, some of them not known. */
export const arbitraryEvent: fc.Arbitrary<RawEvent> = fc
  .integer({ min: 0, max: eventTypes.length - 1 })
  .chain((type) =>
    fc.record({
      type: fc.constant(type),
      time: u64,
      cpu: fc.integer({ min: 0, max: 4096 }),
      tid: whole,
      params: fc.tuple(...parametersOf(type).map(({ kind }) => fc.option(ofKind(kind), { nil: undefined }))),
      observed: fc.option(observed, { nil: undefined }),
    }),
  )
  .map(({ observed: seen, ...raw }) => (seen === undefined ? raw : { ...raw, observed: seen }));

const texts = fc.array(text, { maxLength: 5 });
const seldom = fc.record(
  {
    ...{ sid: whole, vpgid: whole, vtid: whole, vpid: whole, loginuid: whole, tty: whole, pgid: whole },
    ...{ exepath: text, env: texts, cgroups: texts, startTime: u64 },
    ...{ exeFlags: whole, exeInode: whole, exeChanged: u64, exeModified: u64, sharesWith: whole },
    capabilities: fc.record({ effective: whole, permitted: whole, inheritable: whole }, options),
  },
  options,
);

/** Any thread. */
export const arbitraryThread: fc.Arbitrary<ThreadRecord> = fc
  .record({
    ...{ tid: whole, pid: whole, ptid: whole, comm: text, exe: text, args: texts, cwd: text },
    uid: fc.option(u32, { nil: undefined }),
    gid: fc.option(u32, { nil: undefined }),
    descriptors: fc.array(descriptor, { maxLength: 4 }),
    rest: seldom,
  })
  .map(({ rest, ...own }) => ({ ...own, ...rest }) as ThreadRecord);
