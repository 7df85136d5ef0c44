import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { isAnswered } from '../answered.ts';
import { flow as anyFlow } from '../flow.fixture.ts';
import type { Flow, FlowState, Traffic } from '../flow.ts';
import { readAll } from './read.fixture.ts';
import { hasEnded as isOver } from './values.ts';
import { written } from './write.fixture.ts';
import { zeekWriter } from './write-zeek.ts';
import { historyFlags } from './zeek-history.ts';
import { stateToZeek } from './zeek-state.ts';

const microseconds = (ms: number) => Math.round(ms * 1e3) / 1e3;

/** Flows whose ends are of one family and whose protocol names the right ICMP, as all real ones are. */
const flow = anyFlow
  .filter(({ source, destination }) => source.address.family === destination.address.family)
  .map((one): Flow => {
    const is6 = one.source.address.family === 6;
    const protocol = is6 && one.protocol === 1 ? 58 : one.protocol;
    return { ...one, protocol, openedAt: microseconds(one.openedAt) };
  });

/** What a conn.log holds of a flow. */
function held(one: Flow): Flow {
  const isTcp = one.protocol === 6;
  const isIcmp = one.protocol === 58 || one.protocol === 1;
  const ended = one.lastAt ?? one.closedAt;
  const lastAt = ended === undefined ? one.openedAt : Math.max(one.openedAt, microseconds(ended));
  const hasFlags = isTcp && (one.sent?.tcpFlags ?? one.received?.tcpFlags) !== undefined;
  const traffic = (way: Traffic | undefined): Traffic | undefined =>
    way && {
      packets: way.packets,
      bytes: way.bytes,
      ...(hasFlags && { tcpFlags: flagsHeld(way.tcpFlags ?? 0) }),
    };
  const sent = traffic(one.sent);
  const received = traffic(one.received);
  const state = stateHeld(one, sent, received);
  const icmp = isIcmp ? (one.icmp ?? { type: one.source.port, code: one.destination.port }) : undefined;
  const hasEnded = isOver(state);
  return {
    id: one.id,
    protocol: one.protocol,
    source: { address: one.source.address, port: icmp ? 0 : one.source.port },
    destination: { address: one.destination.address, port: icmp ? 0 : one.destination.port },
    state,
    seenBy: 'network',
    openedAt: one.openedAt,
    ...(hasEnded && { closedAt: lastAt }),
    reachedDestination: received ? isAnswered(state, received) : sayAnswered(one, state),
    preexisting: isTcp && one.preexisting && one.state === 'established',
    lastAt,
    ...(sent && { sent }),
    ...(received && { received }),
    ...(icmp && { icmp }),
    ...(one.vlans && one.vlans.length > 0 && { vlans: one.vlans.slice(0, 2) }),
    observation: { by: 'zeek', exporter: 'x.log' },
    ...(one.communityId && { communityId: one.communityId }),
  };
}

/** What is said of an answer that nobody counted. */
function sayAnswered({ protocol, state: was, preexisting }: Flow, state: FlowState): boolean {
  return (state === 'established' || state === 'closed') && stateToZeek(was, protocol, preexisting) !== 'OTH';
}

function flagsHeld(flags: number): number {
  return flags & historyFlags;
}

function stateHeld({ protocol, state }: Flow, sent?: Traffic, received?: Traffic): FlowState {
  if (protocol === 6) {
    const lost = ['attempted', 'unanswered', 'unreachable', 'timed-out'].includes(state);
    return lost ? 'timed-out' : state;
  }
  if (sent && received) return received.packets > 0 ? 'established' : 'unanswered';
  const isIcmp = protocol === 58 || protocol === 1;
  return !isIcmp && (state === 'established' || state === 'closed') ? 'established' : 'unanswered';
}

test('what a conn.log can hold is read again as it was', () => {
  fc.assert(
    fc.property(flow, (one) => {
      // Ports of ICMP that no ICMP type fits are not written by anything.
      fc.pre((one.protocol !== 1 && one.protocol !== 58) || one.icmp !== undefined);
      const { flows, counts } = readAll(written(zeekWriter, [one]));
      expect(counts.dropped).toEqual({});
      const [read] = flows;
      const expected = held(one);
      expect({ ...read, lastAt: 0, closedAt: 0 }).toEqual({ ...expected, lastAt: 0, closedAt: 0 });
      expect(read?.lastAt).toBeCloseTo(expected.lastAt!, 2);
      expect('closedAt' in read!).toBe('closedAt' in expected);
    }),
    { numRuns: 500 },
  );
});

test('columns are cut by the header as zeek-cut does it', () => {
  const flows = fc.sample(flow, { seed: 3, numRuns: 50 });
  const program =
    '$1=="#fields"{for(i=2;i<=NF;i++)c[$i]=i-1} /^#/{next} {print $c["id.orig_h"]" "$c["id.resp_h"]" "$c["ip_proto"]" "$c["orig_ip_bytes"]}';
  const out = execFileSync('awk', ['-F', '\t', program], {
    input: written(zeekWriter, flows),
    encoding: 'utf8',
  });
  expect(out.trim().split('\n')).toEqual(
    flows.map(
      ({ source, destination, protocol, sent }) =>
        `${formatAddress(source.address)} ${formatAddress(destination.address)} ${protocol} ${sent?.bytes ?? '-'}`,
    ),
  );
});

test('the whole of a small log', () => {
  const text = written(zeekWriter, [
    {
      id: 'C-1',
      protocol: 6,
      source: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336407 }, port: 4711 },
      destination: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xcb007109 }, port: 443 },
      state: 'closed',
      seenBy: 'network',
      openedAt: 1_700_000_000_123.456,
      closedAt: 1_700_000_001_623.457,
      reachedDestination: false,
      preexisting: false,
      sent: { packets: 5, bytes: 620, tcpFlags: 0x1b },
      received: { packets: 4, bytes: 2624, tcpFlags: 0x1b },
      vlans: [100],
    },
  ]);
  expect(text).toMatchInlineSnapshot(`
    "#separator \\x09
    #set_separator	,
    #empty_field	(empty)
    #unset_field	-
    #path	conn
    #open	2026-01-02-03-04-05
    #fields	ts	uid	id.orig_h	id.orig_p	id.resp_h	id.resp_p	proto	service	duration	orig_bytes	resp_bytes	conn_state	local_orig	local_resp	missed_bytes	history	orig_pkts	orig_ip_bytes	resp_pkts	resp_ip_bytes	tunnel_parents	vlan	inner_vlan	community_id	ip_proto
    #types	time	string	addr	port	addr	port	enum	string	interval	count	count	string	bool	bool	count	string	count	count	count	count	set[string]	int	int	string	count
    1700000000.123456	C-1	198.51.100.7	4711	203.0.113.9	443	tcp	-	1.500001	-	-	SF	-	-	-	SAFhf	5	620	4	2624	-	100	-	-	6
    #close	2026-01-02-03-04-05
    "
  `);
});
