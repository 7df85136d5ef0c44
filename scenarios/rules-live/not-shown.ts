/** Rules that the scenario does not show, with the reason. */
export const notShown: Readonly<Record<string, string>> = {};
