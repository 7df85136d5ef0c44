import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readAll } from './read.fixture.ts';

const shared = process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared');
const root = join(shared, 'data/detect');
const isThere = existsSync(root);
const files = isThere
  ? (readdirSync(root, { recursive: true }) as string[])
      .filter((file) => /conn\.(log|\d\d:)/.test(file))
      .sort()
  : [];

/** Counts of flows, packets and bytes each way, and flows by conn_state. */
interface Totals {
  readonly flows: number;
  readonly sums: readonly number[];
}

/** Another program's sums of the same file: awk for columns, jq for JSON. */
function truth(path: string, isJson: boolean): Totals {
  const input = path.endsWith('.gz')
    ? execFileSync('zcat', [path], { maxBuffer: 1 << 28 })
    : readFileSync(path);
  if (isJson) {
    const sum = (field: string) => `(map(.${field} // 0) | add)`;
    const names = ['orig_pkts', 'orig_ip_bytes', 'resp_pkts', 'resp_ip_bytes'];
    const out = execFileSync('jq', ['-sc', `[length, ${names.map(sum).join(', ')}]`], {
      input,
      encoding: 'utf8',
    });
    const [flows = 0, ...sums] = JSON.parse(out) as number[];
    return { flows, sums };
  }
  const program =
    '$1=="#fields"{for(i=2;i<=NF;i++)c[$i]=i-1} /^#/{next} {n++;a+=$c["orig_pkts"];b+=$c["orig_ip_bytes"];d+=$c["resp_pkts"];e+=$c["resp_ip_bytes"]} END{printf "%d %d %d %d %d\\n",n,a,b,d,e}';
  const out = execFileSync('awk', ['-F', '\t', program], { input, encoding: 'utf8' });
  const [flows = 0, ...sums] = out.trim().split(' ').map(Number);
  const lines = execFileSync('grep', ['-vc', '^#'], { input, encoding: 'utf8' });
  expect(flows).toBe(Number(lines));
  return { flows, sums };
}

test.skipIf(!isThere)('every stored conn.log is read whole', () => {
  expect(files.length).toBeGreaterThanOrEqual(54);
});

test.skipIf(!isThere).each(files)('%s: as many flows, packets and bytes as other programs count', (file) => {
  const path = join(root, file);
  const bytes = readFileSync(path);
  const { format, flows, counts } = readAll(file.endsWith('.gz') ? gunzipSync(bytes) : bytes, { name: file });
  const sum = (way: 'sent' | 'received', what: 'packets' | 'bytes') =>
    flows.reduce((total, flow) => total + (flow[way]?.[what] ?? 0), 0);
  const sums = [
    sum('sent', 'packets'),
    sum('sent', 'bytes'),
    sum('received', 'packets'),
    sum('received', 'bytes'),
  ];
  expect({ flows: flows.length, sums }).toEqual(truth(path, format === 'zeek-json'));
  expect(counts).toMatchObject({ dropped: {}, skipped: {}, blank: 0 });
  expect(counts.lines).toBe(counts.headers + counts.flows);
});
