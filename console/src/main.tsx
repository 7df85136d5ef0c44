import { render } from 'preact';
import { startAnnouncing } from './state/announce.ts';
import { startClock } from './state/clock.ts';
import { startConnection } from './state/connection.ts';
import { bindPreferences } from './state/preferences.ts';
import { bindViewToAddress } from './state/view.ts';
import { bindKeys } from './views/keys.ts';
import { Page } from './views/page.tsx';

bindPreferences();
bindViewToAddress();
startClock();
startAnnouncing();
bindKeys();
startConnection();
render(<Page />, document.getElementById('page')!);
