import { announcement } from '../state/announce.ts';
import { connection } from '../state/connection.ts';
import { Alerts } from './alerts.tsx';
import { Flows } from './flows.tsx';
import { Health } from './health.tsx';
import { Help } from './help.tsx';
import { Summary } from './summary.tsx';
import { TopBar } from './top-bar.tsx';

/** The whole page: is anything wrong, alerts, flows, and how well Picket itself sees. */
export function Page() {
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <TopBar />
      <main id="content" tabIndex={-1} class={connection.value === 'live' ? 'fresh' : 'dated'}>
        <Summary />
        <Alerts />
        <Flows />
        <Health />
      </main>
      <Help />
      <div class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}
