import { formatAge, formatDuration, formatWhen } from '../parts/format.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Plain } from '../parts/text.tsx';
import { gravest } from '../state/alerts.ts';
import { agentNow, now } from '../state/clock.ts';
import { connection, connectNow } from '../state/connection.ts';
import { type Overall, overall } from '../state/overall.ts';
import { lastContact, refusal, status } from '../state/status.ts';

const stateIcons: Readonly<Record<Overall['state'], IconName>> = {
  well: 'all-well',
  attention: 'attention',
  failing: 'failing',
  unknown: 'unknown',
};

/** Is anything wrong? One sentence, what it rests on, and the conditions that need a hand. */
export function Summary() {
  const { state, sentence, conditions } = overall(status.value, connection.value, gravest.value);
  return (
    <section class={`summary ${state}`} aria-labelledby="summary-sentence">
      <Icon name={stateIcons[state]} size={44} />
      <div>
        <h2 id="summary-sentence">{sentence}</h2>
        <Watching />
        {refusal.value && <p class="note">Instead of an answer: {refusal.value}.</p>}
        {conditions.length > 0 && (
          <ul class="conditions">
            {conditions.map((item) => (
              <li key={item.id} class={item.state}>
                <Icon name={item.state === 'failing' ? 'failing' : 'attention'} />
                <span>
                  <b>{item.state === 'failing' ? 'Failing' : 'Warning'}:</b> <Plain text={item.text} />
                  {item.help && <Plain class="advice" text={item.help} />}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Watching() {
  const { value } = status;
  const lost = connection.value === 'offline' || connection.value === 'reconnecting';
  return (
    <p class="watching">
      {value && (
        <span>
          {lost ? 'Was watching' : 'Watching'} <Plain class="strong" text={value.site} /> since{' '}
          <time dateTime={new Date(value.startedAt).toISOString()}>
            {formatWhen(value.startedAt, agentNow.value)}
          </time>{' '}
          ({formatDuration(agentNow.value - value.startedAt)})
        </span>
      )}
      <span>
        {lastContact.value === undefined
          ? 'No contact with the agent yet'
          : `Last contact ${formatAge(lastContact.value, now.value)}`}
      </span>
      {value && (
        <span>
          {value.mode === 'observe' ? 'Observing only, nothing is blocked' : 'Playbooks may act on alerts'}
        </span>
      )}
      {lost && (
        <button type="button" class="button" onClick={connectNow}>
          Try now
        </button>
      )}
    </p>
  );
}
