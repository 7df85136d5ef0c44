import { z } from 'zod';
import type { FlowJson } from '../json.ts';
import { tunnelKinds } from '../tunnel-kinds.ts';

const text = z.string().max(4_096);
const whole = z.int().min(0);
const port = z.int().min(0).max(65_535);
const octet = z.int().min(0).max(255);
const time = z.number().min(0).max(8.64e15);
const address = z.string().max(64);

const identity = z.object({
  kind: z.enum(['workload', 'service', 'node', 'host', 'peer', 'loopback', 'unknown']),
  name: text,
  via: text.exactOptional(),
});
const processJson = z.object({
  pid: whole,
  comm: text,
  command: text.exactOptional(),
  netns: whole.exactOptional(),
  cgroup: text.exactOptional(),
});
const end = z.object({
  address,
  port,
  identity: identity.exactOptional(),
  process: processJson.exactOptional(),
});
const traffic = z.object({
  packets: whole,
  bytes: whole,
  tcpFlags: z.int().min(0).max(511).exactOptional(),
});
const outcome = z.enum(['allow', 'deny', 'unknown']);
const position = z.object({ line: whole, column: whole, offset: whole });
const reason = z.object({
  layer: text,
  direction: z.enum(['egress', 'ingress']),
  outcome,
  text,
  object: z.object({ kind: text, name: text, namespace: text.exactOptional() }).exactOptional(),
  rule: whole.exactOptional(),
  span: z.object({ file: text, start: position, end: position }).exactOptional(),
  change: text.exactOptional(),
});
const translatedEnd = z.object({ address, port });

/** A flow in JSON, as `flowToJson` makes it. Fields that it does not have are left out of what is read. */
export const flowJson: z.ZodType<FlowJson> = z
  .object({
    id: text.min(1),
    protocol: z.string().max(32),
    source: end,
    destination: end,
    state: z.enum([
      'attempted',
      'unanswered',
      'established',
      'refused',
      'timed-out',
      'unreachable',
      'aborted',
      'closed',
    ]),
    seenBy: z.enum(['source', 'destination', 'both', 'network']),
    openedAt: time,
    establishedAt: time.exactOptional(),
    closedAt: time.exactOptional(),
    reachedDestination: z.boolean(),
    preexisting: z.boolean(),
    verdict: z.object({ outcome, reasons: z.array(reason).max(64) }).exactOptional(),
    lastAt: time.exactOptional(),
    sent: traffic.exactOptional(),
    received: traffic.exactOptional(),
    icmp: z.object({ type: octet, code: octet }).exactOptional(),
    vlans: z.array(z.int().min(0).max(4_095)).max(16).exactOptional(),
    tunnel: z
      .object({
        kind: z.enum(tunnelKinds),
        id: whole.exactOptional(),
        source: address.exactOptional(),
        destination: address.exactOptional(),
      })
      .exactOptional(),
    names: z
      .object({
        dns: text.exactOptional(),
        tls: text.exactOptional(),
        alpn: text.exactOptional(),
        http: text.exactOptional(),
      })
      .exactOptional(),
    translated: z
      .object({ source: translatedEnd.exactOptional(), destination: translatedEnd.exactOptional() })
      .exactOptional(),
    observation: z
      .object({
        by: text,
        exporter: text.exactOptional(),
        input: text.exactOptional(),
        output: text.exactOptional(),
        samplingRate: z.number().min(0).exactOptional(),
      })
      .exactOptional(),
    endReason: z.enum(['idle', 'active', 'end', 'forced', 'no-room']).exactOptional(),
    part: whole.exactOptional(),
    awaitsCounts: z.boolean().exactOptional(),
    communityId: text.exactOptional(),
  })
  .meta({ title: 'Flow of Picket' });
