import { expect, test } from 'vitest';
import type { Outcome } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import type { AnswerId } from '../../segmentation/answers.ts';
import { answerProtocols } from '../../segmentation/answers.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { blocks, Dice, generateCluster, outsideAddresses } from '../../segmentation/generate.oracle.ts';
import { apiProtocols } from '../../segmentation/protocol.ts';
import { compilePosture } from '../compile.ts';
import { judgeEnds } from '../judge.ts';
import { postureOf as postureOfText } from '../posture.fixture.ts';
import type { Posture } from '../posture.ts';
import { ReachMatrix } from './matrix.ts';

/** Clusters; PICKET_CASES=100000 for a long run. */
const clusters = Number(process.env.PICKET_CASES ?? 20_000) / 40;
const ports = [0, 1, 53, 80, 81, 82, 300, 443, 8080, 65_535];

/** Rules of which a packet filter of machines is made. */
const rules = [
  'iptables -A INPUT -i lo -j ACCEPT',
  'iptables -A INPUT -s 10.0.0.0/8 -j ACCEPT',
  'iptables -A INPUT -p tcp --dport 80:81 -j ACCEPT',
  'iptables -A INPUT -p udp ! --dport 53 -j DROP',
  'iptables -A INPUT -m recent --name x --rcheck -p tcp --dport 443 -j ACCEPT',
  'iptables -A INPUT -m addrtype --dst-type MULTICAST -j DROP',
  'iptables -A INPUT -j DROP',
  'iptables -A OUTPUT -d 203.0.113.0/24 -p tcp -j REJECT',
  'iptables -P FORWARD DROP',
  'iptables -A FORWARD -s 10.1.0.0/16 -j ACCEPT',
  'iptables -A FORWARD -p tcp --dport 8080 -j DROP',
  'ip6tables -A INPUT -p tcp --dport 443 -j DROP',
];

/** Some clusters get what their machines say too: packet filters, and a tunnel to some of the addresses outside. */
function machineYaml(dice: Dice): string {
  const script = rules.filter(() => dice.chance(0.4)).join('\n');
  const nodeSelector = dice.chance(0.3) ? '      nodeSelector: {zone: a}\n' : '';
  const firewall = `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: fw, namespace: security}
spec:
  selector: {matchLabels: {app: fw}}
  template:
    metadata: {labels: {app: fw}}
    spec:
${nodeSelector}      hostNetwork: true
      containers:
      - {name: main, command: [sh, -c, ${JSON.stringify(script)}], volumeMounts: [{name: wg, mountPath: /etc/wireguard}]}
      volumes: [{name: wg, secret: {secretName: wg}}]
`;
  const listen = dice.chance(0.5) ? 'ListenPort = 51820' : '';
  const config = [
    '[Interface]',
    `PrivateKey = ${'A'.repeat(42)}E=`,
    listen,
    '[Peer]',
    `PublicKey = ${'B'.repeat(42)}E=`,
    `AllowedIPs = ${dice.pick(blocks)}`,
  ];
  const tunnel = `---
apiVersion: v1
kind: Secret
metadata: {name: wg, namespace: security}
stringData: {wg0.conf: ${JSON.stringify(config.join('\n'))}}
`;
  return firewall + (dice.chance(0.5) ? tunnel : '');
}

function withMachines(dice: Dice): Posture {
  const { resources, world } = generateCluster(dice);
  const text = resources.map(({ value }) => `---\n${JSON.stringify(value)}\n`).join('');
  return postureOfText(text + machineYaml(dice), undefined, {
    ipBlockMatchesPods: scopes[world.ipBlocksMatchPods],
  });
}

const scopes = { yes: 'match', no: 'never', maybe: 'unknown' } as const;

function postureOf(dice: Dice): Posture {
  const { resources, world } = generateCluster(dice);
  const counts = {
    files: 1,
    documents: 1,
    resources: resources.length,
    notManifests: 0,
    refused: 0,
    unknownKinds: new Map(),
  };
  const set = { resources, diagnostics: [], counts, sources: new Map() };
  return compilePosture(set, { ipBlockMatchesPods: scopes[world.ipBlocksMatchPods] });
}

/** Compares an answer of the matrix with the layers' own verdicts, port by port. */
function compare(
  posture: Posture,
  matrix: ReachMatrix,
  id: AnswerId,
  source: Endpoint,
  destination: Endpoint,
  seed: number,
) {
  const tally = { allow: 0, deny: 0, unknown: 0 };
  for (const [at, { certain, possible }] of matrix.answers.bounds(id).entries()) {
    const protocol = apiProtocols[answerProtocols[at]!];
    for (const port of ports) {
      const outcome: Outcome = certain.contains(port)
        ? 'allow'
        : possible.contains(port)
          ? 'unknown'
          : 'deny';
      const verdict = judgeEnds(posture, { source, destination, protocol, port });
      tally[outcome]++;
      if (outcome !== verdict.outcome) {
        const why = verdict.reasons.map(({ text }) => text).join('; ');
        const ends = [source, destination].map((end) =>
          end.kind === 'workload' ? end.workload.name : end.kind,
        );
        expect.fail(
          `seed ${seed}, ${ends.join(' to ')} ${protocol}/${port}: ${outcome}, not ${verdict.outcome}: ${why}`,
        );
      }
    }
  }
  return tally;
}

test(`the matrix is the verdict of the layers for all ports at once: ${clusters} clusters`, {
  timeout: 600_000,
}, () => {
  const sum = { allow: 0, deny: 0, unknown: 0 };
  for (let seed = 1; seed <= clusters; seed++) {
    const dice = new Dice(seed * 7);
    const posture = seed % 4 === 0 ? withMachines(dice) : postureOf(dice);
    const matrix = new ReachMatrix(posture);
    const workloads = posture.inventory.workloads.filter(({ finished }) => !finished);
    const end = (index: number): Endpoint => ({
      kind: 'workload',
      workload: posture.inventory.workloads[index]!,
    });
    const add = (tally: typeof sum) => {
      for (const key of ['allow', 'deny', 'unknown'] as const) sum[key] += tally[key];
    };
    for (let turn = 0; turn < 3 && workloads.length > 0; turn++) {
      const [source, destination] = [dice.pick(workloads), dice.pick(workloads)];
      if (source === destination && source.single) continue;
      const id = matrix.answer(source.index, destination.index);
      add(compare(posture, matrix, id, end(source.index), end(destination.index), seed));
      const address = parseAddress(dice.pick(outsideAddresses))!;
      const atom = matrix.atoms.at(address);
      const outside: Endpoint = { kind: 'external', address };
      const from = matrix.fromOutside(atom, destination.index);
      add(compare(posture, matrix, from, outside, end(destination.index), seed));
      const to = matrix.toOutside(source.index, atom);
      add(compare(posture, matrix, to, end(source.index), outside, seed));
    }
  }
  for (const count of Object.values(sum)) expect(count).toBeGreaterThan(1000);
});
