import {
  type CodeDefinition,
  type Diagnostic,
  diagnose,
  type RelatedSpan,
} from '../../diagnostic/diagnostic.ts';
import type { Reason, Verdict } from '../../flow/verdict.ts';
import { type Address, formatAddress } from '../../net/address.ts';
import { endpointOf, exampleAddress, examplePort } from '../diff/example.ts';
import type { Packet } from '../diff/explain.ts';
import { decidingReason } from '../diff/why.ts';
import type { Declared } from '../posture.ts';
import { type ReachEnd, reachEndText } from '../reach/end.ts';
import { reach } from '../reach/query.ts';
import { matchesNothing, mustFails, mustNotFails, onlyFails, undecided } from './codes.ts';
import type { AssertionResult, Violation } from './evaluate.ts';
import { didYouMean } from './match-ends.ts';
import type { ReachIndex } from './reach-index.ts';

/** One connection that speaks against an assertion, and what the layers say of it. */
export interface Counterexample {
  readonly packet: Packet;
  readonly outcome: Verdict['outcome'];
  /** The deciding reason; absent for an end that cannot be asked for, such as an Ingress. */
  readonly reason?: Reason;
}

/** Returns one packet of the violation, with the deciding reason. */
export function counterexample(
  violation: Violation,
  declared: Declared,
  request?: AssertionResult['assertion']['request'],
): Counterexample {
  const { source, destination, protocol, ports, outcome } = violation;
  const addressOf = (end: ReachEnd) =>
    end.kind === 'external' ? exampleAddress(end.range, declared) : undefined;
  const [from, to] = [addressOf(source), addressOf(destination)];
  const port = examplePort([{ protocol, ports }], destination)?.port ?? 0;
  const packet = {
    source: nameOf(source, from),
    destination: nameOf(destination, to),
    protocol,
    port,
  };
  const [start, target] = [endpointOf(source, declared, from), endpointOf(destination, declared, to)];
  const verdict = start && target && reach(declared, start, target, protocol, port, request);
  const reason = verdict && decidingReason(verdict);
  return { packet, outcome, ...(reason === undefined ? {} : { reason }) };
}

function nameOf(end: ReachEnd, address: Address | undefined): string {
  return address === undefined ? reachEndText(end) : formatAddress(address);
}

/** Returns e.g. `shop/web → shop/db TCP 5432`. */
export function packetText({ source, destination, protocol, port }: Packet): string {
  return `${source} → ${destination} ${protocol} ${port}`;
}

const failures: Readonly<Record<AssertionResult['assertion']['kind'], CodeDefinition>> = {
  must: mustFails,
  'must-not': mustNotFails,
  only: onlyFails,
};

/** Returns what there is to say of an assertion that does not hold; nothing when it does. */
export function reportAssertion(
  result: AssertionResult,
  counterexamples: readonly Counterexample[],
  index: ReachIndex,
): Diagnostic[] {
  const { assertion, unmatched, idle } = result;
  const { kind, name, reason, span } = assertion;
  const because = reason === undefined ? '' : ` (${reason})`;
  const found = unmatched.map((one) => reportUnmatched(one, result, index));
  for (const end of idle) {
    found.push(
      diagnose(onlyFails, {
        message: `"${name}": ${end.text} is listed, but may reach none of the destinations on these ports${because}`,
        span: end.span,
        help: `take ${end.text} from the list, or let it in`,
      }),
    );
  }
  const [first] = counterexamples;
  if (first === undefined) return found;
  const definition = first.outcome === 'unknown' ? undecided : failures[kind];
  const rest = result.violating - 1;
  const more = rest > 0 ? `, and ${rest} more pair${rest === 1 ? '' : 's'} of ends` : '';
  const verb = { allow: 'is allowed', deny: 'is denied', unknown: 'is not known' }[first.outcome];
  found.push(
    diagnose(definition, {
      message: `"${name}" does not hold: ${packetText(first.packet)} ${verb}${more}${because}`,
      span,
      related: counterexamples.flatMap((one) => related(one, one === first)),
      ...helpOf(first, kind),
    }),
  );
  return found;
}

function reportUnmatched(
  { text, what, end }: AssertionResult['unmatched'][number],
  { assertion }: AssertionResult,
  index: ReachIndex,
): Diagnostic {
  if (what === 'pair') {
    return diagnose(matchesNothing, {
      message: `"${assertion.name}" speaks of no connection: its ends are one and the same pod, or both outside`,
      span: assertion.span,
      help: 'name two ends of which at least one is a workload',
    });
  }
  if (what === 'port') {
    return diagnose(matchesNothing, {
      message: `no destination of "${assertion.name}" has a port named \`${text}\``,
      span: assertion.ports.span,
      help: 'name a port that a container of the destination declares, or its number',
    });
  }
  return diagnose(matchesNothing, {
    message: `\`${text}\` of "${assertion.name}" matches nothing`,
    span: end?.span ?? assertion.span,
    help: didYouMean(text, index),
  });
}

function related({ packet, reason }: Counterexample, first: boolean): RelatedSpan[] {
  if (reason?.span === undefined) return [];
  const message = first ? reason.text : `${packetText(packet)}: ${reason.text}`;
  return [{ span: reason.span, message }];
}

/** What turns the answer around: the change that the layer names, else where to look. */
function helpOf({ outcome, reason }: Counterexample, kind: string): { readonly help?: string } {
  if (reason === undefined) return {};
  const wanted = kind === 'must' ? 'deny' : 'allow';
  if (reason.change !== undefined && reason.outcome === (outcome === 'unknown' ? 'unknown' : wanted)) {
    return { help: reason.change };
  }
  const { object, text } = reason;
  const where =
    object && `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}`;
  if (outcome === 'unknown') return { help: `mend what makes it unknown: ${text}` };
  if (outcome === 'deny') return { help: where === undefined ? text : `let it through in ${where}` };
  if (where === undefined) return { help: `add a policy that isolates the destination: ${text}` };
  return { help: `narrow ${where}, which allows it` };
}
