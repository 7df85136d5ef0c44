import { useSignal } from '@preact/signals';
import { CopyButton } from '../parts/copy-button.tsx';
import { formatCount, formatNoun } from '../parts/format.ts';
import { alertCapacity, alerts, alertsLoad, loadAlerts } from '../state/alerts.ts';
import { status } from '../state/status.ts';
import { openAlert } from '../state/view.ts';
import { AlertRow } from './alert-row.tsx';
import { alertListId } from './keys.ts';

/** Alerts in view before one asks for all. */
const few = 5;

/** What the detectors saw, the latest first. */
export function Alerts() {
  const all = useSignal(false);
  const shown = alerts.value.filter(
    (alert, index) => all.value || index < few || alert.id === openAlert.value,
  );
  return (
    <section class="alerts" aria-labelledby="alerts-title">
      <div class="section-head">
        <h2 id="alerts-title">Alerts</h2>
        <p class="note">{caption()}</p>
        <CopyButton text="picket alerts" label="Copy as command" />
      </div>
      {alerts.value.length === 0 ? (
        <Nothing />
      ) : (
        <ul id={alertListId} class="card alert-list" aria-label="Alerts, the latest first">
          {shown.map((alert) => (
            <AlertRow key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      {alerts.value.length > few && (
        <button
          type="button"
          class="button more"
          aria-expanded={all.value}
          onClick={() => {
            all.value = !all.value;
          }}
        >
          {all.value ? `Show only the latest ${few}` : `Show all ${formatCount(alerts.value.length)} alerts`}
        </button>
      )}
    </section>
  );
}

function caption(): string {
  const held = alerts.value.length;
  if (held === 0) return '';
  const total = status.value?.alerts.total ?? held;
  if (held >= alertCapacity || total > held) {
    return `The latest ${formatCount(held)} of ${formatCount(Math.max(total, held))}, newest first`;
  }
  return `${formatNoun(held, 'alert')}, newest first`;
}

function Nothing() {
  if (alertsLoad.value === 'loading') return <p class="card empty">Reading the alerts…</p>;
  if (alertsLoad.value === 'failed') {
    return (
      <p class="card empty">
        The alerts could not be read.{' '}
        <button type="button" class="button" onClick={loadAlerts}>
          Read them again
        </button>
      </p>
    );
  }
  return (
    <p class="card empty">
      <b>No alerts.</b> When a detector sees something, it appears here with its reasons.
    </p>
  );
}
