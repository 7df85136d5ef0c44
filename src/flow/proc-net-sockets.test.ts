import { expect, test } from 'vitest';
import { parseProcNetSockets } from './proc-net-sockets.ts';

const heading =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

test('IPv4: each address is a word in host order', () => {
  const text = `${heading}   0: 016433C6:0050 026433C6:D431 01 00000000:00000000 02:00000A2B 00000003  1000        0 12345 2 0000000000000000 20 4 30 10 -1\n`;
  expect([...parseProcNetSockets(text)]).toEqual([
    {
      local: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336401 }, port: 80 },
      remote: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336402 }, port: 54321 },
      state: 1,
      retransmits: 3,
      inode: 12345,
    },
  ]);
});

test('IPv6: four words; IPv4-mapped ones become IPv4', () => {
  const row = (local: string, remote: string): string =>
    `   0: ${local}:0050 ${remote}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0 100 0 0 10 0\n`;
  const [real, mapped, listener] = parseProcNetSockets(
    heading +
      row('B80D0120000000000000000001000000', 'B80D0120000000000000000002000000') +
      row('0000000000000000FFFF0000016433C6', '0000000000000000FFFF0000026433C6') +
      row('0'.repeat(32), '0'.repeat(32)),
  );
  expect(real!.local.address).toEqual({ family: 6, a: 0x20010db8, b: 0, c: 0, d: 1 });
  expect(mapped!.remote.address).toEqual({ family: 4, a: 0, b: 0, c: 0, d: 0xc6336402 });
  expect(listener!.local.address).toEqual({ family: 6, a: 0, b: 0, c: 0, d: 0 });
  expect(listener!.state).toBe(10);
});

test('a line that was cut short, and any other text, is left out', () => {
  expect([...parseProcNetSockets(`${heading}   0: 016433C6:0050 026433`)]).toEqual([]);
  expect([...parseProcNetSockets('\0\n:::\n')]).toEqual([]);
});

test('sockets that only wait are left out', () => {
  const row = (state: string): string =>
    `   0: 016433C6:0050 026433C6:D431 ${state} 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n`;
  expect([...parseProcNetSockets(heading + row('06') + row('01'))].map(({ state }) => state)).toEqual([1]);
});
