import type { Flow } from '../flow/flow.ts';
import type { DetectorDefinition, Finding, Technique } from './detector.ts';
import { firstDynamicPort, learnedText, noveltyEvidence, serviceNumber, serviceText } from './novelty.ts';
import {
  type NewServiceSeen,
  ServiceNovelty,
  type ServiceNoveltyOptions,
  type ServiceWays,
  serviceNoveltyOptions,
} from './service-novelty.ts';
import { fullNameOf, nameOf, plural, processText } from './text.ts';

const id = 'new-listening-port';

const external: Technique = { id: 'T1133', name: 'External Remote Services', tactic: 'Persistence' };
const otherPort: Technique = { id: 'T1571', name: 'Non-Standard Port', tactic: 'Command and Control' };

/** Whether who of both has the service may be guessed wrong: nobody's socket told, and the port is one that clients get. */
function isGuessed({ seenBy, destination: { port } }: Flow): boolean {
  return seenBy === 'network' && port >= firstDynamicPort;
}

function single(told: NewServiceSeen): Finding {
  const { flow } = told;
  const who = nameOf(flow.destination);
  const service = serviceText(flow);
  return {
    ...common(told),
    fingerprint: JSON.stringify([id, who, serviceNumber(flow)]),
    title: `${who} answers on ${service} for the first time`,
    explanation: `${whatHappened(flow)}, where it never answered before. ${learnedText(told.habits, 'ports')} ${whatFollows}`,
  };
}

function many(told: NewServiceSeen): Finding {
  const { flow, habits, settings } = told;
  const who = nameOf(flow.destination);
  return {
    ...common(told),
    fingerprint: JSON.stringify([id, who]),
    title: `${who} answers on many new ports: ${habits.further} more`,
    explanation: `Beyond ${settings.each} with an alert each, ${who} answered on ${plural(habits.further, 'more new port')}. The latest: ${whatHappened(flow)}. ${learnedText(habits, 'ports')} ${whatFollows}`,
  };
}

const whatFollows = 'A new service was set up there, or somebody left a door open to come back by.';

function whatHappened(flow: Flow): string {
  const { destination } = flow;
  const by = destination.process ? ` by ${destination.process.comm}[${destination.process.pid}]` : '';
  return `${fullNameOf(destination)} answered ${fullNameOf(flow.source)} on ${serviceText(flow)}${by}`;
}

function common({ flow, at, habits, settings }: NewServiceSeen) {
  const { source, destination } = flow;
  return {
    detector: id,
    severity: 'medium' as const,
    at,
    entity: nameOf(destination),
    evidence: [
      { name: 'host', value: fullNameOf(destination) },
      ...(destination.process ? [{ name: 'process', value: processText(destination.process) }] : []),
      { name: 'new port', value: serviceText(flow), expected: 'one that it answered on before' },
      { name: 'asked by', value: fullNameOf(source) },
      ...noveltyEvidence(habits, settings, 'ports'),
    ],
    techniques: [external, otherPort],
    flows: [flow],
  };
}

const ways: ServiceWays = {
  whose: (flow, ours) => (ours.hasDestination(flow) && !isGuessed(flow) ? flow.destination : undefined),
  single,
  many,
};

/** What port one of ours answers on for the first time. */
export const newListeningPort: DetectorDefinition<ServiceNoveltyOptions> = {
  id,
  title: 'New listening port',
  since: '0.2.0',
  techniques: [external, otherPort],
  options: serviceNoveltyOptions,
  doc: `One of ours that is of fixed ways and answers on a port where it never did: a service that somebody set up, or a door that an intruder left open. It
is learned, told and forgotten as in new-peer, by the same options, of each that answers.

A port counts when a call to it came about: for UDP when it was answered. All ports from 32768 on are one, and where
nobody's socket told of the call none at all, since in a recording that begins amid a call the client may look like the server.

It cannot see a port that nobody has called yet (it sees calls, not listening sockets), an intruder's service behind a port that was open before,
one that was there while it learned, or those of machines that open new ports all the time. After a restart of the agent it learns anew. One new
port in 900 is taken for known.

ATT&CK: T1133 (services to come back by), T1571 where the port is not a usual one; by itself it shows neither.

Memory: as new-peer, 4 MB as preset.`,
  create: (settings) => new ServiceNovelty(settings, ways),
};
