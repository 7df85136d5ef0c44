/**
 * Throws bytes at what reads the answers of a container engine: frames, messages, details, records: node fuzz/cri.ts [--seconds N]
 * [--seed S].
 */
import fc from 'fast-check';
import { Frames, framed } from '../src/sensor/cri/frames.ts';
import * as messages from '../src/sensor/cri/messages.ts';
import { containerRecord, detailsOf, sandboxRecord } from '../src/sensor/cri/record.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const anyBytes = fc.uint8Array({ maxLength: 200 });
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('sha256:00', 'a/b:1', 'h:5000/a@sha256:ff', '__proto__', ':', '@'),
);
const strings = fc.dictionary(text, text, { maxKeys: 5 });
const details = fc.oneof(
  text,
  fc
    .record({
      privileged: fc.jsonValue(),
      image: fc.jsonValue(),
      config: fc.oneof(
        fc.jsonValue(),
        fc.record({ image: fc.jsonValue(), linux: fc.record({ security_context: fc.jsonValue() }) }),
      ),
      runtimeSpec: fc.oneof(
        fc.jsonValue(),
        fc.record({ annotations: fc.jsonValue(), linux: fc.jsonValue() }),
      ),
    })
    .map((value) => JSON.stringify(value)),
);
const container = fc
  .record({
    id: text,
    imageRef: text,
    imageId: text,
    image: text,
    labels: strings,
    info: details,
    propagation: fc.integer(),
    startedAt: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  })
  .map(({ image, info, propagation, ...status }) =>
    messages.containerStatusResponse.encode({
      status: { ...status, image: { image }, mounts: [{ hostPath: image, propagation }] },
      info: { info },
    }),
  );
const sandbox = fc
  .record({ id: text, name: text, ip: text, labels: strings, mode: fc.integer() })
  .map(({ id, name, ip, labels, mode }) =>
    messages.podSandboxStatusResponse.encode({
      status: {
        id,
        labels,
        metadata: { name },
        network: { ip },
        linux: { namespaces: { options: { pid: mode } } },
      },
    }),
  );
/** A message, now and then with bytes changed, cut off or put in. */
const message = fc
  .tuple(fc.oneof(anyBytes, container, sandbox), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
  .map(([bytes, changes]) => {
    const changed = Uint8Array.from(bytes);
    for (const [at, value] of changes) if (changed.length > 0) changed[at % changed.length] = value;
    return changed;
  });
const cases = fc.record({ message, isWhole: fc.boolean(), cut: fc.nat(400) });
const types = Object.values(messages).filter((one) => typeof one === 'object' && 'decode' in one);

fuzz(
  fuzzOptions(),
  200,
  (seed) => fc.sample(cases, { seed, numRuns: 200 }),
  ({ message, isWhole, cut }) => {
    const frames = new Frames(10_000);
    const bytes = isWhole ? framed(message) : message;
    const read = [...frames.push(bytes.subarray(0, cut)), ...frames.push(bytes.subarray(cut))];
    if (isWhole && (read.length !== 1 || frames.isCut || frames.fault !== undefined))
      throw new Error('a whole message did not come out as one');
    for (const type of types) {
      const { fault } = type.decode(message);
      if (fault !== undefined && (fault.at < 0 || fault.at > message.length))
        throw new Error('a fault outside');
    }
    const { status, info } = messages.containerStatusResponse.decode(message).value;
    const pod = messages.podSandboxStatusResponse.decode(message).value.status;
    if (status !== undefined) containerRecord('containerd', status, detailsOf(info), 'f'.repeat(64), pod);
    if (pod !== undefined) sandboxRecord('containerd', pod, detailsOf(info));
  },
  (one) => JSON.stringify({ ...one, message: [...one.message] }),
);
