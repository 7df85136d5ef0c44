import { Icon, type IconName } from '../parts/icon.tsx';
import { Plain } from '../parts/text.tsx';
import { type Connection, connection } from '../state/connection.ts';
import { helpOpen } from '../state/help.ts';
import { nextTheme, type Theme, theme } from '../state/preferences.ts';
import { status } from '../state/status.ts';
import { paused } from '../state/view.ts';

const connectionWords: Readonly<Record<Connection, readonly [IconName, string]>> = {
  connecting: ['wave', 'Connecting'],
  live: ['wave', 'Live'],
  stale: ['question', 'Stale'],
  reconnecting: ['broken', 'Reconnecting'],
  offline: ['cross', 'Offline'],
};

const themeWords: Readonly<Record<Theme, readonly [IconName, string]>> = {
  system: ['screen', 'System colours'],
  light: ['sun', 'Light colours'],
  dark: ['moon', 'Dark colours'],
};

/** Product and site, connection, colours, help. */
export function TopBar() {
  const [themeIcon, themeWord] = themeWords[theme.value];
  return (
    <header class="top-bar">
      <h1>
        Picket
        {status.value && (
          <>
            {' '}
            <Plain class="site" text={status.value.site} />
          </>
        )}
      </h1>
      <ConnectionState />
      <button type="button" class="button quiet" onClick={nextTheme} aria-keyshortcuts="t">
        <Icon name={themeIcon} />
        {themeWord}
      </button>
      <button
        type="button"
        class="button quiet"
        onClick={() => {
          helpOpen.value = true;
        }}
        aria-keyshortcuts="?"
      >
        <Icon name="question" />
        Keys and help
      </button>
    </header>
  );
}

function ConnectionState() {
  const state = connection.value;
  const [icon, word] =
    state === 'live' && paused.value ? (['pause', 'Paused'] as const) : connectionWords[state];
  return (
    <span class={`connection ${word.toLowerCase()}`} role="status">
      <Icon name={icon} />
      {word}
    </span>
  );
}
