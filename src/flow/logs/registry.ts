import type { FlowLogFormat } from './flow-log.ts';
import { awsVpc } from './read-aws-vpc.ts';
import { gcpVpc } from './read-gcp-vpc.ts';
import { hubble } from './read-hubble.ts';
import { picketFlows } from './read-picket.ts';
import { suricata } from './read-suricata.ts';
import { zeekJson } from './read-zeek-json.ts';
import { zeekTsv } from './read-zeek-tsv.ts';

/** Every format of flow logs that is read, in the order in which they are tried. */
export const flowLogFormats: readonly FlowLogFormat[] = [
  zeekTsv,
  zeekJson,
  suricata,
  hubble,
  gcpVpc,
  picketFlows,
  awsVpc,
];
