/** What the kinds of arrows mean. */
export const legendText = { allow: 'allowed', unknown: 'not known from the manifests' } as const;

/** Colours and letters of the picture, dark and light as the reader's system is. */
export const pictureStyle = `
svg { --paper: #ffffff; --ink: #1b2430; --soft: #566273; --line: #c3cad4; --space: #f3f5f8; --box: #ffffff; --hub: #e6ebf2; --allow: #15803d; --unknown: #b45309; }
@media (prefers-color-scheme: dark) { svg { --paper: #12161c; --ink: #e8edf4; --soft: #a3afbf; --line: #465364; --space: #1a2029; --box: #242c38; --hub: #2f3a49; --allow: #4ade80; --unknown: #fbbf24; } }
svg text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: var(--ink); text-anchor: middle; }
svg .paper { fill: var(--paper); }
svg text.heading { font: 600 16px system-ui, sans-serif; text-anchor: start; }
svg text.detail { font-size: 10.5px; fill: var(--soft); }
svg text.start { text-anchor: start; }
svg rect.namespace { fill: var(--space); stroke: var(--line); }
svg text.title { text-anchor: start; fill: var(--soft); font-weight: 600; paint-order: stroke; stroke: var(--space); stroke-width: 4px; }
svg .end rect { fill: var(--box); stroke: var(--soft); }
svg .end.all rect { fill: var(--hub); stroke-dasharray: 2 2; }
svg .end.unseen rect { stroke-dasharray: 5 3; }
svg .arrow { fill: none; stroke-width: 1.5; }
svg .arrow.allow { stroke: var(--allow); }
svg .arrow.unknown { stroke: var(--unknown); stroke-dasharray: 5 4; }
svg marker.allow path { fill: var(--allow); }
svg marker.unknown path { fill: var(--unknown); }
svg .ports rect { fill: var(--paper); fill-opacity: 0.9; }
svg .ports text { font-size: 10.5px; }
svg .ports.allow text { fill: var(--allow); }
svg .ports.unknown text { fill: var(--unknown); }
`.trim();
