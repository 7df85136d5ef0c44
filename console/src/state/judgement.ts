import type { FlowJson } from '../../../src/flow/json.ts';

/** How a flow reads in the table: `breach` is a forbidden flow that got through, `none` one that was not judged. */
export interface FlowJudgement {
  readonly kind: 'allow' | 'deny' | 'unknown' | 'breach' | 'none';
  readonly text: string;
}

/** Returns what the declared policy says of `flow`, held against what happened to it. */
export function judgement(flow: FlowJson): FlowJudgement {
  switch (flow.verdict?.outcome) {
    case undefined:
      return { kind: 'none', text: 'not judged' };
    case 'allow':
      return { kind: 'allow', text: 'allowed' };
    case 'unknown':
      return { kind: 'unknown', text: 'unknown' };
    case 'deny':
      return gotThrough(flow) ? { kind: 'breach', text: 'denied, passed' } : { kind: 'deny', text: 'denied' };
  }
}

/** Whether nothing on the way stopped `flow`: the handshake completed, or the destination's kernel received it. */
export function gotThrough(flow: FlowJson): boolean {
  return flow.reachedDestination || flow.establishedAt !== undefined;
}

/** Returns a key that is equal for flows between the same two ends, whatever their ports. */
export function endsKey(flow: FlowJson): string {
  return JSON.stringify([endName(flow.source), endName(flow.destination)]);
}

function endName(end: FlowJson['source']): string {
  return end.identity && end.identity.kind !== 'unknown' ? end.identity.name : end.address;
}
