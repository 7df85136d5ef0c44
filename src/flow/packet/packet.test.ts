import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const module = fileURLToPath(new URL('packet.ts', import.meta.url));

/** Whether two packets have the same hidden class of V8 after a value was written into one, by name of the field. */
function shapes(values: Readonly<Record<string, number>>): Record<string, boolean> {
  const code = `
    import { Packet } from ${JSON.stringify(module)};
    const same = {};
    for (const [name, value] of Object.entries(${JSON.stringify(values)})) {
      const [one, other] = [new Packet(), new Packet()];
      one[name] = value;
      same[name] = %HaveSameMap(one, other);
    }
    console.log(JSON.stringify(same));`;
  const args = ['--allow-natives-syntax', '--input-type=module', '--eval', code];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

test('packets keep their shape, whatever numbers the wire brings', () => {
  const wide = 0xffff_ffff;
  const values = {
    seconds: wide,
    tcpSequence: wide,
    tcpAcknowledgement: wide,
    fragmentId: wide,
    tunnelId: wide,
    sourcePort: 0xffff,
    ipLength: 0xffff,
  };
  expect(shapes(values)).toEqual(Object.fromEntries(Object.keys(values).map((name) => [name, true])));
  // What the check finds where a field was made for small numbers only.
  expect(shapes({ ttl: wide })).toEqual({ ttl: false });
});

test('a packet begins with nothing', async () => {
  const { Packet } = await import('./packet.ts');
  const { seconds, tcpSequence, tcpAcknowledgement, fragmentId, tunnelId } = new Packet();
  expect({ seconds, tcpSequence, tcpAcknowledgement, fragmentId, tunnelId }).toEqual({
    seconds: 0,
    tcpSequence: 0,
    tcpAcknowledgement: 0,
    fragmentId: -1,
    tunnelId: -1,
  });
});
