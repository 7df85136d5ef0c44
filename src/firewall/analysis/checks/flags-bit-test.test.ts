import { expect, test } from 'vitest';
import { findings, nftFile } from '../analysis.fixture.ts';
import { flagsBitTest } from './flags-bit-test.ts';

test('is told where it is', () => {
  const rule = 'tcp dport 22 tcp flags syn drop';
  const [found] = findings(flagsBitTest, nftFile(rule));
  expect(found).toMatchObject({ at: rule });
  expect(found!.message).toContain('the SYN and ACK that answers this machine too');
});

test.each([
  ['a mask, as the help says', nftFile('tcp flags & (fin|syn|rst|ack) == syn drop')],
  ['as the kernel lists a mask', nftFile('tcp flags syn / fin,syn,rst,ack drop')],
  ['a value', nftFile('tcp flags { syn } drop', 'tcp flags == syn drop')],
  ['of new connections', nftFile('tcp flags syn ct state new accept')],
  ['the MSS is clamped', nftFile('tcp flags syn tcp option maxseg size set rt mtu')],
])('nothing to say: %s', (_, lines) => expect(findings(flagsBitTest, lines)).toEqual([]));
