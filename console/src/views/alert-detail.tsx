import type { AlertJson } from '../../../src/detect/json.ts';
import type { Reason } from '../../../src/flow/verdict.ts';
import { Judgement } from '../parts/badges.tsx';
import { formatNoun, formatWhen } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { ReasonText } from '../parts/reason.tsx';
import { addressAndPort, endName, Plain } from '../parts/text.tsx';
import { agentNow } from '../state/clock.ts';
import { selectFlow } from '../state/selection.ts';

/** Why there is an alert: explanation, evidence, the rule that decides, examples, and how complete the picture is. */
export function AlertDetail({ alert, id }: { alert: AlertJson; id: string }) {
  const reasons = decidingReasons(alert);
  return (
    <div class="alert-detail" id={id}>
      <div class="alert-why">
        <Plain class="explanation" text={alert.explanation} />
        {reasons.length > 0 && (
          <>
            <h3>What the declared policy says</h3>
            <ul class="reasons">
              {reasons.map((reason) => (
                <ReasonText key={JSON.stringify(reason)} reason={reason} />
              ))}
            </ul>
          </>
        )}
        <Completeness alert={alert} />
        <p class="note">
          Detector <Plain class="mono" text={alert.detector} />, first seen{' '}
          {formatWhen(alert.firstAt, agentNow.value)}
          {alert.techniques.map((technique) => (
            <span key={technique.id}>
              , <Plain text={`${technique.id} ${technique.name} (${technique.tactic})`} />
            </span>
          ))}
        </p>
      </div>
      <div class="alert-facts">
        {alert.evidence.length > 0 && <Evidence alert={alert} />}
        {alert.flows.length > 0 && <Examples alert={alert} />}
      </div>
    </div>
  );
}

/** The deny reasons of the example flows, each once; the first reasons of any kind when none denies. */
function decidingReasons(alert: AlertJson): readonly Reason[] {
  const all = alert.flows.flatMap((flow) => flow.verdict?.reasons ?? []);
  const denying = all.filter((reason) => reason.outcome === 'deny');
  const unique = new Map(
    (denying.length > 0 ? denying : all).map((reason) => [JSON.stringify(reason), reason]),
  );
  return [...unique.values()].slice(0, 4);
}

function Completeness({ alert }: { alert: AlertJson }) {
  return alert.lost === 0 ? (
    <p class="completeness">
      <Icon name="check" />
      No sensor record was lost meanwhile: the picture is complete.
    </p>
  ) : (
    <p class="completeness lost">
      <Icon name="attention" />
      {formatNoun(alert.lost, 'sensor record')} {alert.lost === 1 ? 'was' : 'were'} lost meanwhile: there may
      be more than is shown.
    </p>
  );
}

function Evidence({ alert }: { alert: AlertJson }) {
  const withExpected = alert.evidence.some((item) => item.expected !== undefined);
  return (
    <table class="facts">
      <caption>Evidence</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Seen</th>
          {withExpected && <th scope="col">Expected</th>}
        </tr>
      </thead>
      <tbody>
        {alert.evidence.map((item) => (
          <tr key={item.name}>
            <th scope="row">
              <Plain text={item.name} />
            </th>
            <td>
              <Plain text={item.value} />
            </td>
            {withExpected && <td>{item.expected !== undefined ? <Plain text={item.expected} /> : '–'}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Examples({ alert }: { alert: AlertJson }) {
  return (
    <table class="facts">
      <caption>Example flows</caption>
      <thead>
        <tr>
          <th scope="col">Opened</th>
          <th scope="col">From and to</th>
          <th scope="col">State</th>
          <th scope="col">Policy</th>
        </tr>
      </thead>
      <tbody>
        {alert.flows.map((flow) => (
          <tr key={flow.id}>
            <td class="tight">
              <button type="button" class="link" onClick={() => selectFlow(flow)}>
                {formatWhen(flow.openedAt, agentNow.value)}
              </button>
            </td>
            <td>
              <Plain text={endName(flow.source) ?? flow.source.address} /> →{' '}
              <Plain text={endName(flow.destination) ?? addressAndPort(flow.destination)} />
              {endName(flow.destination) && `:${flow.destination.port}`}
            </td>
            <td class="tight">{flow.state}</td>
            <td>
              <Judgement flow={flow} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
