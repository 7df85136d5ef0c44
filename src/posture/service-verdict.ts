import type { Outcome, Verdict } from '../flow/verdict.ts';
import { targetPorts } from '../segmentation/explain.ts';
import { layer } from '../segmentation/explain-network-policies.ts';
import { type Service, type Workload, workloadName } from '../segmentation/model.ts';
import { protocolText } from '../segmentation/protocol.ts';
import type { Question } from './question.ts';

interface BackendVerdict {
  readonly workload: Workload;
  readonly port: number;
  readonly verdict: Verdict;
}

/** A connection to a Service: `port` is the Service's, or its port on a node. */
export interface ServiceQuestion extends Omit<Question, 'destination'> {
  readonly service: Service;
}

/**
 * Returns the verdict for a connection to a Service: that of the pods behind it, at their target port, where policies
 * are enforced. They may be told apart by policies; then it is unknown, as the choice is the proxy's.
 */
export function judgeService(
  { service, port, ...rest }: ServiceQuestion,
  judge: (question: Question) => Verdict,
): Verdict {
  const { protocol } = rest;
  const name = `Service ${service.namespace}/${service.name}`;
  const unknown = (text: string): Verdict => ({
    outcome: 'unknown',
    reasons: [
      {
        layer,
        direction: 'ingress',
        outcome: 'unknown',
        text,
        object: { kind: 'Service', name: service.name, namespace: service.namespace },
        span: service.source.at(['metadata', 'name']),
      },
    ],
  });
  const entries = service.ports.filter(
    (entry) => entry.protocol === protocol && (entry.port === port || entry.nodePort === port),
  );
  if (entries.length === 0) return unknown(`${name} has no port ${protocolText(protocol)} ${port}`);
  if (service.backends === undefined) {
    return unknown(`${name} has no selector, so no manifest tells which pods are behind it`);
  }
  const judged: BackendVerdict[] = [];
  for (const workload of [...service.backends, ...service.uncertainBackends]) {
    for (const target of new Set(entries.flatMap((entry) => targetPorts(entry, workload)))) {
      const destination = { kind: 'workload', workload } as const;
      judged.push({ workload, port: target, verdict: judge({ ...rest, destination, port: target }) });
    }
  }
  const [first] = judged;
  if (first === undefined) return unknown(`${name} leads to no declared workload`);
  if (judged.every((one) => one.verdict.outcome === first.verdict.outcome)) return first.verdict;
  const shown = judged.slice(0, 4).map((one) => {
    return `${workloadName(one.workload)} port ${one.port}: ${said[one.verdict.outcome]}`;
  });
  const more = judged.length > shown.length ? ` and ${judged.length - shown.length} more` : '';
  return unknown(`${name} leads to pods that differ: ${shown.join(', ')}${more}`);
}

const said: Readonly<Record<Outcome, string>> = { allow: 'allowed', deny: 'denied', unknown: 'unknown' };
