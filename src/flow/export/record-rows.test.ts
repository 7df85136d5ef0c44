import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExportRecord } from './record.ts';
import { RecordRows } from './record-rows.ts';

/** A record in which every number is another one. */
function filled(seed: number): ExportRecord {
  const record = new ExportRecord();
  let next = seed;
  const values = record as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(record)) {
    next = (next * 7 + 3) % 251;
    if (typeof value === 'number') values[name] = next || 1;
    else if (value instanceof Uint32Array || value instanceof Uint16Array)
      for (let lane = 0; lane < 4; lane++) value[lane] = next + lane;
  }
  // The upper lanes of IPv4 are empty, families have half an octet.
  record.family = seed % 2 === 0 ? 4 : 6;
  if (record.family === 4) for (const lanes of [record.source, record.destination]) lanes.fill(0, 0, 3);
  record.outerFamily = 6;
  record.natFamily = 4;
  record.by = 'sflow';
  record.exporter = `198.51.100.${seed % 250}`;
  record.tunnel = 'vxlan';
  record.inputName = seed % 2 === 0 ? `eth${seed}` : undefined;
  record.outputName = 'lan';
  record.direction = (seed % 3) - 1;
  record.present = 0xfffffff0;
  record.packets = 2 ** 50 + seed;
  return record;
}

test('a row gives back all of the record, however the rows were moved', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 20 }), (seeds) => {
      const rows = new RecordRows(20);
      for (const [row, seed] of seeds.entries()) rows.write(row, filled(seed));
      const moved = new RecordRows(20, structuredClone(rows.buffer, { transfer: [rows.buffer] }));
      moved.exporters.splice(0, 20, ...rows.exporters);
      moved.names.splice(0, 40, ...rows.names);
      for (const [row, seed] of seeds.entries()) {
        const record = new ExportRecord();
        moved.read(row, record);
        expect(record).toEqual(filled(seed));
      }
    }),
  );
});

test('an empty record stays empty, with what is -1 in it', () => {
  const rows = new RecordRows(2);
  rows.write(1, filled(5));
  const empty = new ExportRecord();
  rows.write(1, empty);
  const read = filled(9);
  rows.read(1, read);
  // Addresses and VLANs that there are none of stay what they were.
  const { outerSource, outerDestination, natSource, natDestination, vlans } = read;
  for (const lanes of [outerSource, outerDestination, natSource, natDestination, vlans]) lanes.fill(0);
  expect(read).toEqual(empty);
});

test('each part of a record is kept when it is the only one', () => {
  const empty = Object.entries(new ExportRecord());
  for (const [name, value] of empty) {
    if (typeof value !== 'number') continue;
    for (const family of [4, 6]) {
      const record = new ExportRecord();
      record.family = family;
      if (name !== 'family') (record as unknown as Record<string, number>)[name] = 3;
      const rows = new RecordRows(1);
      rows.write(0, filled(5));
      rows.write(0, record);
      const read = new ExportRecord();
      rows.read(0, read);
      expect(read).toEqual(record);
    }
  }
});

test('names of interfaces stand beside any row, and go with it', () => {
  const rows = new RecordRows(5);
  const named = new ExportRecord();
  named.outputName = 'wan';
  const bare = new ExportRecord();
  rows.write(3, named);
  rows.write(1, named);
  rows.write(0, bare);
  const read = new ExportRecord();
  const outputs = (row: number): unknown => {
    rows.read(row, read);
    return [read.inputName, read.outputName];
  };
  expect([0, 1, 3].map(outputs)).toEqual([
    [undefined, undefined],
    [undefined, 'wan'],
    [undefined, 'wan'],
  ]);
  rows.write(3, bare);
  expect(outputs(3)).toEqual([undefined, undefined]);
});
