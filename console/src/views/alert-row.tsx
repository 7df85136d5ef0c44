import type { AlertJson } from '../../../src/detect/json.ts';
import { Severity } from '../parts/badges.tsx';
import { formatAge, formatCount, formatWhen } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { Plain } from '../parts/text.tsx';
import { agentNow } from '../state/clock.ts';
import { openAlert } from '../state/view.ts';
import { AlertDetail } from './alert-detail.tsx';

/** One alert: a line that unfolds. */
export function AlertRow({ alert }: { alert: AlertJson }) {
  const open = openAlert.value === alert.id;
  const detailId = `alert-detail-${alert.id}`;
  return (
    <li class={`alert ${alert.severity}`}>
      <button
        type="button"
        class="alert-line"
        aria-expanded={open}
        {...(open && { 'aria-controls': detailId })}
        onClick={() => {
          openAlert.value = open ? undefined : alert.id;
        }}
      >
        <Severity severity={alert.severity} />
        <span class="alert-what">
          <Plain class="alert-title" text={alert.title} />
          <Plain class="alert-entity" text={about(alert)} />
        </span>
        <span class="alert-techniques">
          {alert.techniques.map((technique) => (
            <Plain key={technique.id} class="technique" text={technique.id} />
          ))}
        </span>
        <span class="alert-count">{alert.count === 1 ? 'once' : `${formatCount(alert.count)} times`}</span>
        <span class="alert-when">
          <span class="unseen">last seen </span>
          <time dateTime={new Date(alert.lastAt).toISOString()}>
            {formatWhen(alert.lastAt, agentNow.value)}
          </time>
          <span class="age">{formatAge(alert.lastAt, agentNow.value)}</span>
        </span>
        <span class="chevron">
          <Icon name="chevron" />
        </span>
      </button>
      {open && <AlertDetail alert={alert} id={detailId} />}
    </li>
  );
}

/** Whom it is about; of rules also what was said: many alerts of one rule and machine differ in that alone. */
function about({ detector, entity, explanation }: AlertJson): string {
  return detector === 'rules' ? `${entity} · ${explanation}` : entity;
}
