import type { Status } from '../../../src/agent/status.ts';
import { formatBytes, formatCount, formatWhen } from '../parts/format.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Plain } from '../parts/text.tsx';
import { agentNow } from '../state/clock.ts';
import { connection } from '../state/connection.ts';
import { missedMessages } from '../state/flows.ts';
import { status } from '../state/status.ts';

type SensorState = Status['sensors'][number]['state'];

const sensorMarks: Readonly<Record<SensorState, readonly [IconName, string]>> = {
  running: ['check', 'good'],
  unavailable: ['attention', 'warning'],
  failed: ['failing', 'bad'],
};

/** How well Picket sees: sensors and their loss, what it keeps, and what it holds in memory. */
export function Health() {
  const { value } = status;
  return (
    <section class="health" aria-labelledby="health-title">
      <div class="section-head">
        <h2 id="health-title">Sensors and loss</h2>
        {value && <p class="note">{source(value)}</p>}
      </div>
      {value ? (
        <div class="health-grid">
          <Sensors value={value} />
          <Judged value={value} />
          <Declared value={value} />
          <Kept value={value} />
          <Memory value={value} />
        </div>
      ) : (
        <p class="card empty">
          {connection.value === 'connecting'
            ? 'Reading the status…'
            : 'No status: the agent does not answer.'}
        </p>
      )}
    </section>
  );
}

function source(value: Status): string {
  return `Counted by the agent since it started at ${formatWhen(value.startedAt, agentNow.value)}, as of ${formatWhen(value.now, agentNow.value)}`;
}

function Sensors({ value }: { value: Status }) {
  return (
    <table class="card facts wide">
      <caption>Sensors, from their own counters</caption>
      <thead>
        <tr>
          <th scope="col">Sensor</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Records
          </th>
          <th scope="col" class="number">
            Lost
          </th>
          <th scope="col" class="number">
            Undecodable
          </th>
        </tr>
      </thead>
      <tbody>
        {value.sensors.map((sensor) => {
          const [icon, tone] = sensorMarks[sensor.state];
          return (
            <tr key={sensor.id}>
              <th scope="row">
                <Plain text={sensor.id} />
                <Plain class="detail" text={sensor.detail} />
              </th>
              <td>
                <span class={`mark ${tone}`}>
                  <Icon name={icon} size={14} />
                  {sensor.state}
                </span>
              </td>
              <Count value={sensor.counters.records} />
              <Count value={sensor.counters.lost} bad />
              <Count value={sensor.counters.undecodable} bad />
            </tr>
          );
        })}
        {value.sensors.length === 0 && (
          <tr>
            <td colSpan={5}>No sensor is configured.</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Judged({ value }: { value: Status }) {
  const { flows } = value;
  return (
    <table class="card facts">
      <caption>Flows, from the flow table</caption>
      <tbody>
        <Line name="Allowed" value={flows.allowed} />
        <Line name="Denied" value={flows.denied} />
        <Line name="Unknown" value={flows.unknown} />
        <Line name="Open now" value={flows.active} />
        <Line name="Evicted, table full" value={flows.evicted} bad />
      </tbody>
    </table>
  );
}

function Declared({ value }: { value: Status }) {
  const { posture } = value;
  return (
    <table class="card facts">
      <caption>Declared, as read at the start</caption>
      <tbody>
        <Line name="Files" value={posture.files} />
        <Line name="Workloads" value={posture.workloads} />
        <Line name="Policies" value={posture.policies} />
        <Line name="Hosts" value={posture.hosts} />
        <Line name="Errors" value={posture.errors} bad />
        <Line name="Warnings" value={posture.warnings} bad />
      </tbody>
    </table>
  );
}

function Kept({ value }: { value: Status }) {
  const { store } = value;
  return (
    <table class="card facts">
      <caption>Store, on disk now</caption>
      <tbody>
        <tr>
          <th scope="row">State</th>
          <td class="number">
            <span class={`mark ${store.state === 'ok' ? 'good' : 'bad'}`}>
              <Icon name={store.state === 'ok' ? 'check' : 'failing'} size={14} />
              {store.state}
            </span>
            {store.error && <Plain class="detail" text={store.error} />}
          </td>
        </tr>
        <Line name="Flows" value={store.flows} />
        <Line name="Alerts" value={store.alerts} />
        <Line name="Size" value={store.bytes} format={formatBytes} />
        <Line name="Records lost" value={store.lost} bad />
      </tbody>
    </table>
  );
}

function Memory({ value }: { value: Status }) {
  return (
    <table class="card facts">
      <caption>Detectors and stream, now</caption>
      <tbody>
        {value.detectors.map((detector) => (
          <Line
            key={detector.id}
            name={detector.id}
            value={detector.stateBytes}
            format={formatBytes}
            {...(detector.evicted > 0 && { note: `${formatCount(detector.evicted)} entries evicted` })}
          />
        ))}
        <Line name="Pages connected" value={value.stream.subscribers} />
        <Line name="Messages dropped" value={value.stream.dropped} bad />
        <Line name="of them to this page" value={missedMessages.value} bad />
      </tbody>
    </table>
  );
}

interface LineProperties {
  readonly name: string;
  readonly value: number;
  readonly bad?: boolean;
  readonly note?: string;
  readonly format?: (value: number) => string;
}

function Line({ name, value, bad, note, format }: LineProperties) {
  return (
    <tr>
      <th scope="row">
        <Plain text={name} />
        {note && <span class="detail">{note}</span>}
      </th>
      <Count value={value} {...(bad && { bad })} {...(format && { format })} />
    </tr>
  );
}

/** A number; one that should be zero and is not gets a mark besides its colour. */
function Count({
  value,
  bad,
  format = formatCount,
}: {
  value: number;
  bad?: boolean;
  format?: (value: number) => string;
}) {
  const wrong = bad && value > 0;
  return (
    <td class={wrong ? 'number wrong' : 'number'}>
      {wrong && <Icon name="attention" size={13} />}
      {format(value)}
    </td>
  );
}
