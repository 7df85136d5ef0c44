import { expect, test } from 'vitest';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { arrival, exporter } from './decoded.fixture.ts';
import { DetectingDecoder, exportProtocolOf } from './detect.ts';
import { ipfix, octets, v5, v5Record, v9 } from './export-datagrams.fixture.ts';
import { IpfixDecoder } from './ipfix.ts';
import { NetflowV5Decoder } from './netflow-v5.ts';
import { SflowDecoder } from './sflow.ts';

const sflow = octets([5, 4], [1, 4], [0xc0000201, 4], [0, 4], [1, 4], [1000, 4], [0, 4]);

test('each protocol is known by its version', () => {
  expect([v5({}), v9({}), ipfix({}), sflow].map(exportProtocolOf)).toEqual([
    'netflow-v5',
    'netflow-v9',
    'ipfix',
    'sflow',
  ]);
  for (const other of [new Uint8Array(0), octets([5, 2]), octets([1, 2], [1, 2]), octets([7, 2], [1, 2])])
    expect(exportProtocolOf(other)).toBeUndefined();
});

test('each datagram goes to the decoder of its protocol, others are counted', () => {
  const decoder = new DetectingDecoder({
    'netflow-v5': new NetflowV5Decoder(),
    ipfix: new IpfixDecoder(),
    sflow: new SflowDecoder(new PacketDecoder()),
  });
  const seen: string[] = [];
  const protocols = [v5({}, v5Record()), v9({}), ipfix({}), sflow, new Uint8Array(3)].map((bytes) =>
    decoder.decode(bytes, exporter, arrival, ({ by }) => seen.push(by)),
  );
  expect(protocols).toEqual(['netflow-v5', undefined, 'ipfix', 'sflow', undefined]);
  expect(seen).toEqual(['netflow-v5']);
  expect(decoder.unknown).toBe(2);
});
